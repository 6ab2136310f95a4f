"""Writes the table that the holidays of this crate are tested against, with Python's `holidays`.

python3 -m venv /tmp/venv && /tmp/venv/bin/pip install holidays
/tmp/venv/bin/python holidays.py > holidays.txt
"""

import sys

sys.path.pop(0)  # this file has the library's name
import holidays  # noqa: E402

YEARS = range(2000, 2101)


def days(category):
    return holidays.SE(years=YEARS, include_sundays=False, categories=category, language="en_US")


kinds = {}
for day, name in days("optional").items():
    if name in ("Twelfth Night (from 2pm)", "Maundy Thursday (from 2pm)", "Walpurgis Night (from 2pm)", "All Saints' Eve (from 2pm)"):
        kinds[day] = "half_day"
    elif name == "Squeeze day":
        kinds[day] = "squeeze_day"
    elif name == "Holy Saturday":
        kinds[day] = "eve"
    elif name != "Pentecost Eve" and "; " not in name:
        sys.exit(f"unknown: {day} {name}")
for day in days("de_facto"):
    kinds[day] = "eve"
for day in days("public"):
    kinds[day] = "red_day"

print(f"# Swedish holidays by Python's `holidays` {holidays.__version__}, made by holidays.py.")
print("# Sundays that are nothing else are left out, and so is Pentecost Eve.")
for day, kind in sorted(kinds.items()):
    if day.year in YEARS:
        print(day, kind)
