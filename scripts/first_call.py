#!/usr/bin/env python3
"""Two real phones (baresip) register with the demo's credentials, call, talk, and hang up.

    first_call.py <state folder>/demo.json

Each phone plays a little melody of its own. What the other end heard is measured from the
phone's own recording: a call of silence is not a call.
"""
import array
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import wave
from pathlib import Path

TALK_SECONDS = 10
RATE = 8000
PATIENCE = 20
# What Anna plays and what Bertil plays: notes in Hz, a third of a second each.
MELODIES = ((523, 587, 659, 698, 784, 784, 880, 880), (392, 349, 330, 294, 262, 262, 294, 330))


class Failure(Exception):
    """Something that a person should read, and nothing more."""


def write_melody(path, notes):
    samples = array.array("h")
    while len(samples) < 2 * TALK_SECONDS * RATE:
        for note in notes:
            length = RATE // 3
            for at in range(length):
                # Soft ends, or every change of note clicks.
                soft = min(1.0, at / 400, (length - at) / 400)
                samples.append(int(9000 * soft * math.sin(2 * math.pi * note * at / RATE)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def level(path):
    """Seconds heard, and their loudness in dB below the loudest possible."""
    raw = path.read_bytes()
    start = raw.find(b"data")
    # The file's head is written when the phone ends; what counts is what is there.
    body = raw[start + 8:] if start >= 0 else b""
    samples = array.array("h")
    samples.frombytes(body[: len(body) // 2 * 2])
    if not samples:
        return 0.0, -math.inf
    mean = sum(sample * sample for sample in samples) / len(samples)
    loud = 10 * math.log10(mean / 32768**2) if mean else -math.inf
    return len(samples) / RATE, loud


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Phone:
    """One baresip, steered by the line that it offers to programs."""

    def __init__(self, folder, account, server, notes):
        self.name = account["name"]
        self.extension = account["extension"]
        self.folder = folder
        folder.mkdir()
        write_melody(folder / "melody.wav", notes)
        control = free_port()
        settings = {
            "net_interface": "127.0.0.1",
            "sip_listen": f"127.0.0.1:{free_port()}",
            "ctrl_tcp_listen": f"127.0.0.1:{control}",
            "module_path": module_path(),
            "audio_source": f"aufile,{folder / 'melody.wav'}",
            "audio_player": "none,none",
            "audio_alert": "none,none",
            "snd_path": str(folder),
            "ringback_disabled": "yes",
            "menu_bell": "no",
            "statmode_default": "off",
        }
        modules = ["module g711.so", "module aufile.so", "module sndfile.so", "module_tmp account.so"]
        modules += ["module_app menu.so", "module_app ctrl_tcp.so"]
        lines = [f"{key} {value}" for key, value in settings.items()] + modules
        (folder / "config").write_text("\n".join(lines) + "\n")
        for empty in ("accounts", "contacts"):
            (folder / empty).write_text("")
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            ["baresip", "-4", "-s", "-f", str(folder)], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        self.line = self.connect(control)
        self.unread = b""
        self.events = []
        self.command(
            "uanew",
            f'"{self.name}" <sip:{account["username"]}@{account["realm"]}>;auth_user={account["username"]}'
            f';auth_pass={account["password"]};outbound="sip:{server};transport=udp"'
            ";answermode=manual;audio_codecs=PCMA,PCMU;regint=60",
        )
        self.address = f'sip:{account["username"]}@{account["realm"]}'
        self.command("uafind", self.address)

    def connect(self, port):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=1)
            except OSError:
                time.sleep(0.05)
        raise Failure(f"The phone of {self.name} does not start:\n{(self.folder / 'log').read_text(errors='replace')}")

    def command(self, name, parameters=None):
        text = json.dumps({"command": name, **({"params": parameters} if parameters else {})}).encode()
        self.line.sendall(b"%d:%s," % (len(text), text))
        answer = self.read(lambda message: "response" in message, f"an answer to {name}")
        if not answer.get("ok"):
            raise Failure(f"The phone of {self.name} refuses {name}: {answer.get('data')}")

    def wait(self, *kinds):
        """The next event of one of these kinds."""
        return self.read(lambda message: message.get("type") in kinds, " or ".join(kinds))

    def read(self, fits, what):
        end = time.monotonic() + PATIENCE
        while True:
            for message in self.events:
                if fits(message):
                    self.events.remove(message)
                    return message
            left = end - time.monotonic()
            if left <= 0:
                said = (self.folder / "log").read_text(errors="replace").splitlines()[-20:]
                raise Failure(f"The phone of {self.name} waited in vain for {what}. It says:\n" + "\n".join(said))
            self.line.settimeout(left)
            try:
                more = self.line.recv(65536)
            except TimeoutError:
                continue
            if not more:
                raise Failure(f"The phone of {self.name} has ended.")
            self.unread += more
            self.take_frames()

    def take_frames(self):
        """Netstrings of JSON: `<length>:<json>,`"""
        while b":" in self.unread:
            head, rest = self.unread.split(b":", 1)
            length = int(head)
            if len(rest) <= length:
                return
            self.events.append(json.loads(rest[:length]))
            self.unread = rest[length + 1:]

    def register(self):
        event = self.wait("REGISTER_OK", "REGISTER_FAIL")
        if event["type"] != "REGISTER_OK":
            raise Failure(f"The phone of {self.name} was not let in: {event.get('param')}")

    def heard(self):
        files = sorted(self.folder.glob("dump-*-dec.wav"))
        return level(files[-1]) if files else (0.0, -math.inf)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.log.close()


def module_path():
    for path in [Path("/usr/lib/baresip/modules"), *Path("/usr/lib").glob("*/baresip/modules")]:
        if path.is_dir():
            return str(path)
    raise Failure("baresip is installed without its modules: apt-get install baresip-core")


class Api:
    """The product as its own programs see it."""

    def __init__(self, portal, email, password):
        self.base = portal.rstrip("/") + "/api/v1"
        self.token = None
        self.token = self.ask("/auth/login", {"email": email, "password": password})["access_token"]

    def ask(self, path, body=None):
        headers = {"accept-language": "en", "content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data, headers)
        # Nothing stands between us and this machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failure(f"{path} was refused: {error.read().decode(errors='replace')}") from error
        except OSError as error:
            raise Failure(f"Nobody answers at {self.base}. Is `make run` still going? ({error})") from error


def until(ask, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    raise Failure(f"The product does not show {what}.")


def party(side):
    number = side.get("extension") or side.get("number") or "?"
    return f"{side['name']} ({number})" if side.get("name") else number


def make_call(demo, folder, phones):
    by_extension = {phone["extension"]: phone for phone in demo["phones"]}
    if not demo.get("portal") or not {"1000", "1001"} <= set(by_extension):
        raise Failure("The demo is not ready yet: try again in a moment.")
    admin = next(login["email"] for login in demo["logins"] if login["role"] == "customer_admin")
    api = Api(demo["portal"], admin, demo["password"])
    place = api.ask("/me")["memberships"][0]
    company = f"/tenants/{place['tenant']}/customers/{place['customer']}"
    realm = by_extension["1000"]["realm"]
    pbx = next(pbx["id"] for pbx in api.ask(company + "/pbxs")["items"] if pbx["realm"] == realm)
    pbx = f"{company}/pbxs/{pbx}"

    for extension, notes in zip(("1000", "1001"), MELODIES):
        phone = Phone(folder / extension, by_extension[extension], demo["sip"], notes)
        phones.append(phone)
        phone.register()
        print(f"  {phone.name}'s phone is online as extension {extension}.")
    anna, bertil = phones

    print(f"  {anna.name} dials 1001 ...")
    anna.command("dial", "1001")
    bertil.wait("CALL_INCOMING")
    print(f"  {bertil.name}'s phone rings ... and is answered.")
    bertil.command("accept")
    anna.wait("CALL_ESTABLISHED")
    bertil.wait("CALL_ESTABLISHED")

    def connected():
        live = api.ask(pbx + "/live")["items"]
        return next((call for call in live if call["state"] == "connected"), None)

    call = until(connected, "the call while it lasts")
    print(f"  They talk for {TALK_SECONDS} seconds. See it now: {demo['portal']} (as {admin})")
    print(f"  Live in the portal: {party(call['from'])} -> {party(call['to'])}, {call['state']}")
    time.sleep(TALK_SECONDS)
    anna.command("hangup")
    bertil.wait("CALL_CLOSED")

    silent = False
    for phone in phones:
        seconds, loud = phone.heard()
        silent = silent or loud < -50
        print(f"  {phone.name} heard {seconds:.1f} s of sound at {loud:.1f} dBFS.")

    def ended():
        calls = api.ask(pbx + "/calls?sort=-started_at&limit=10")["items"]
        return next((known for known in calls if known["id"] == call["id"]), None)

    until(ended, "the call in its list")
    call = api.ask(f"{pbx}/calls/{call['id']}")
    lost = [leg.get("lost", 0) for leg in (call.get("media") or {}).values() if leg]
    print("\n  The call in the list of the portal:")
    print(
        f"    {party(call['from'])} -> {party(call['to'])}, {call['outcome']}, {call['talk_seconds']} s of talk,"
        f" ended by the {call['hung_up_by']}, {call['codec']}, {sum(lost)} packets lost"
    )
    for step in call["trace"]:
        print(f"      {step['text']}")
    if silent:
        raise Failure("They talked, and somebody heard nothing. `voxera doctor` looks at the machine.")


def main():
    demo = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(tempfile.mkdtemp(prefix="voxera-first-call-"))
    phones = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        make_call(demo, folder, phones)
        return 0
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        for phone in phones:
            phone.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
