//! Enough of XML to read our own answers back: elements, attributes, the five entities and numbers.

/// One element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document; panics where it is not well formed, or has anything but elements.
    pub fn parse(text: &str) -> Self {
        let body = text.trim_start().strip_prefix("<?xml").expect("a declaration");
        let body = &body[body.find("?>").expect("its end") + 2..];
        let mut open: Vec<Self> = vec![Self::default()];
        let mut rest = body;
        while let Some(at) = rest.find('<') {
            assert!(rest[..at].trim().is_empty(), "text between elements: {:?}", &rest[..at]);
            rest = &rest[at + 1..];
            assert!(!rest.starts_with('!'), "a directive or comment");
            let end = end_of(rest);
            let tag = &rest[..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                let closed = open.pop().expect("an open element");
                assert_eq!(closed.name, name.trim());
                open.last_mut().expect("a parent").children.push(closed);
                continue;
            }
            let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let element = head(tag);
            if empty {
                open.last_mut().expect("a parent").children.push(element);
            } else {
                open.push(element);
            }
        }
        assert!(rest.trim().is_empty(), "text after the end");
        assert_eq!(open.len(), 1, "something is not closed");
        open.remove(0).children.remove(0)
    }

    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == attribute).map(|(_, value)| value.as_str())
    }

    /// Every element of a name below this one.
    pub fn all(&self, name: &str) -> Vec<&Self> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            found.extend(child.all(name));
        }
        found
    }

    /// The value of a `<param name= value=>` or `<variable …>` below this one.
    pub fn value(&self, name: &str) -> Option<&str> {
        let all = self.all("param").into_iter().chain(self.all("variable"));
        all.into_iter().find(|one| one.get("name") == Some(name)).and_then(|one| one.get("value"))
    }

    /// The applications of a dialplan.
    pub fn actions(&self) -> Vec<(String, String)> {
        let text = |one: &Self, name| one.get(name).expect("an attribute").to_owned();
        self.all("action").iter().map(|one| (text(one, "application"), text(one, "data"))).collect()
    }
}

/// Where a tag ends: not at a `>` inside quotes.
fn end_of(text: &str) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return at,
            '<' => panic!("a bracket inside a tag"),
            _ => {}
        }
    }
    panic!("a tag without an end");
}

fn head(tag: &str) -> Element {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut element = Element { name: name.to_owned(), ..Element::default() };
    while !rest.trim().is_empty() {
        let (attribute, after) = rest.split_once("=\"").expect("an attribute");
        let (value, after) = after.split_once('"').expect("a closing quote");
        element.attributes.push((attribute.trim().to_owned(), plain(value)));
        rest = after;
    }
    element
}

fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';').expect("the end of an entity");
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            number => {
                let code = number.strip_prefix('#').expect("an entity").parse().expect("a number");
                char::from_u32(code).expect("a character")
            }
        });
        rest = after;
    }
    out + rest
}
