//! The paths by which a source file names others of its crate.

/// A path that a file imports or names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// Segments from the root of the crate; paths of other crates look like unknown modules.
    pub(crate) path: Vec<String>,
    alias: Option<String>,
    /// Whether it is a `pub use` of any visibility.
    pub(crate) is_reexport: bool,
}

impl Import {
    /// The name that it brings into scope.
    pub(crate) fn name(&self) -> Option<&str> {
        self.alias
            .as_deref()
            .or(self.path.last().map(String::as_str))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Separator,
    Sign(char),
}

/// All imports of a file, those of its unit tests left out.
pub(crate) fn imports(text: &str, module: &[String]) -> Vec<Import> {
    let tokens = tokens(text);
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        module: module.to_vec(),
        open_braces: 0,
        inline_modules: Vec::new(),
        found: Vec::new(),
    };
    reader.read_file();
    reader.found
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    /// The file's module, or the one inside the file that is being read.
    module: Vec<String>,
    open_braces: usize,
    /// How many braces were open before each module inside the file that is being read.
    inline_modules: Vec<usize>,
    found: Vec<Import>,
}

impl Reader<'_> {
    fn read_file(&mut self) {
        while self.at < self.tokens.len() {
            if self.at_test_module() {
                self.skip_item();
            } else if self.is_word("use") && self.sign(1) != Some('<') {
                let is_reexport =
                    matches!(self.before(), Some(Token::Sign(')')) | Some(Token::Word(_)));
                self.at += 1;
                self.read_tree(None, is_reexport);
            } else if self.at_inline_path() {
                let path = self.read_segments(None);
                // `crate::name!` is a macro, which has no module.
                if self.sign(0) != Some('!') {
                    self.push(path, None, false);
                }
            } else {
                self.read_braces();
                self.at += 1;
            }
        }
    }

    /// Follows the braces of modules inside the file.
    fn read_braces(&mut self) {
        match self.sign(0) {
            Some('{') => {
                let before = &self.tokens[self.at.saturating_sub(2)..self.at];
                if let [Token::Word(key), Token::Word(name)] = before
                    && key == "mod"
                {
                    self.module.push(name.clone());
                    self.inline_modules.push(self.open_braces);
                }
                self.open_braces += 1;
            }
            Some('}') => {
                self.open_braces = self.open_braces.saturating_sub(1);
                if self
                    .inline_modules
                    .pop_if(|n| *n == self.open_braces)
                    .is_some()
                {
                    self.module.pop();
                }
            }
            _ => {}
        }
    }

    /// One path or group of a `use`; `prefix` is what stands before the braces.
    fn read_tree(&mut self, prefix: Option<&[String]>, is_reexport: bool) {
        let path = self.read_segments(prefix);
        match self.sign(0) {
            Some('{') => {
                self.at += 1;
                while self.at < self.tokens.len() && self.sign(0) != Some('}') {
                    self.read_tree(Some(&path), is_reexport);
                    if self.sign(0) == Some(',') {
                        self.at += 1;
                    }
                }
                self.at += 1;
            }
            Some('*') => {
                self.at += 1;
                self.push(path, None, is_reexport);
            }
            _ => {
                let alias = self.read_alias();
                self.push(path, alias, is_reexport);
            }
        }
    }

    fn read_alias(&mut self) -> Option<String> {
        if !self.is_word("as") {
            return None;
        }
        self.at += 2;
        match self.before() {
            Some(Token::Word(alias)) => Some(alias.clone()),
            _ => None,
        }
    }

    /// The segments of a path from the root of the crate.
    fn read_segments(&mut self, prefix: Option<&[String]>) -> Vec<String> {
        let mut path = prefix.unwrap_or(&self.module).to_vec();
        while let Some(Token::Word(word)) = self.tokens.get(self.at) {
            match word.as_str() {
                "crate" => path.clear(),
                "super" => {
                    path.pop();
                }
                "self" => {}
                "as" => break,
                _ => path.push(word.clone()),
            }
            self.at += 1;
            if self.tokens.get(self.at) != Some(&Token::Separator) {
                break;
            }
            self.at += 1;
        }
        path
    }

    fn at_inline_path(&self) -> bool {
        let starts = self.is_word("crate") || self.is_word("super");
        let is_scope = matches!(self.before(), Some(Token::Word(word)) if word == "in");
        let is_macro = self.before() == Some(&Token::Sign('$'));
        let goes_on = self.tokens.get(self.at + 1) == Some(&Token::Separator);
        starts && goes_on && !is_scope && !is_macro
    }

    /// Whether `#[cfg(test)]` begins here, and a module after it and other attributes.
    fn at_test_module(&self) -> bool {
        let words = ["#", "[", "cfg", "(", "test", ")", "]"];
        let is_word = |(i, word): (usize, &&str)| match self.tokens.get(self.at + i) {
            Some(Token::Word(found)) => found == word,
            Some(Token::Sign(sign)) => word.chars().eq([*sign]),
            _ => false,
        };
        if !words.iter().enumerate().all(is_word) {
            return false;
        }
        let mut at = self.at + words.len();
        while self.tokens.get(at) == Some(&Token::Sign('#')) {
            let attribute = &self.tokens[at..];
            let end = attribute.iter().position(|t| *t == Token::Sign(']'));
            at += end.map_or(attribute.len(), |end| end + 1);
        }
        matches!(self.tokens.get(at), Some(Token::Word(word)) if word == "mod")
    }

    /// Moves behind the item that begins here: its closing brace, or a semicolon.
    fn skip_item(&mut self) {
        let mut depth = 0;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                Token::Sign(';') if depth == 0 => return,
                _ => {}
            }
        }
    }

    fn push(&mut self, path: Vec<String>, alias: Option<String>, is_reexport: bool) {
        self.found.push(Import {
            path,
            alias,
            is_reexport,
        });
    }

    fn before(&self) -> Option<&Token> {
        self.tokens.get(self.at.checked_sub(1)?)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found == word)
    }

    fn sign(&self, ahead: usize) -> Option<char> {
        match self.tokens.get(self.at + ahead) {
            Some(Token::Sign(sign)) => Some(*sign),
            _ => None,
        }
    }
}

/// Words and signs, without comments, strings and letters in quotes.
fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let skipped = skipped_bytes(rest);
        if skipped > 0 {
            rest = &rest[skipped..];
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("::") {
            tokens.push(Token::Separator);
            rest = after;
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    tokens
}

/// How many bytes a comment, a string or a letter in quotes takes that begins here; 0 if none does.
fn skipped_bytes(rest: &str) -> usize {
    let until = |from: usize, end: &str| {
        let found = rest[from..].find(end);
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        return until(2, "\n");
    }
    if rest.starts_with("/*") {
        return until(2, "*/");
    }
    if rest.starts_with('"') {
        return quoted_bytes(rest, '"');
    }
    if let Some(raw) = rest.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return until(hashes + 2, &format!("\"{}", "#".repeat(hashes)));
        }
    }
    let mut letters = rest.chars();
    let is_letter = letters.next() == Some('\'')
        && (letters.next() == Some('\\') || letters.next() == Some('\''));
    if is_letter {
        quoted_bytes(rest, '\'')
    } else {
        0
    }
}

/// The length of a literal up to its closing quote, backslashes heeded.
fn quoted_bytes(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + letter.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let module = ["a".to_owned(), "b".to_owned()];
        let found = imports(text, &module);
        found.iter().map(|import| import.path.join("::")).collect()
    }

    #[test]
    fn trees_are_read_leaf_by_leaf() {
        assert_eq!(
            paths("use crate::x::{self, y::{Y, Z as W}, *};"),
            ["x", "x::y::Y", "x::y::Z", "x"]
        );
        assert_eq!(
            paths("use super::c::C; use child::D;"),
            ["a::c::C", "a::b::child::D"]
        );
        assert_eq!(paths("use super::super::E;"), ["E"]);
    }

    #[test]
    fn paths_in_expressions_count() {
        assert_eq!(
            paths("fn f() { crate::x::g(super::h()) }"),
            ["x::g", "a::h"]
        );
        assert_eq!(
            paths("pub(in crate::x) fn f() {} crate::m!(); $crate::n"),
            [""; 0]
        );
        assert_eq!(paths("fn f() -> impl Sized + use<'a> { 'a' }"), [""; 0]);
    }

    #[test]
    fn comments_strings_and_tests_do_not() {
        let text = "// crate::x\n/* crate::y */ \"\\\" crate::z\" r#\"crate::\"z\"# '\"' \
                    #[cfg(test)] mod tests { use super::*; fn f() {} } #[cfg(test)] mod more; \
                    #[cfg(test)] #[allow(x, reason = \"y\")] mod n { use crate::n::N; } \
                    use crate::w::W;";
        assert_eq!(paths(text), ["w::W"]);
    }

    #[test]
    fn modules_inside_a_file_have_a_parent_of_their_own() {
        let text = "mod inner { use super::X; mod deep { fn f() { super::g() } } } use super::Y;";
        assert_eq!(paths(text), ["a::b::X", "a::b::inner::g", "a::Y"]);
    }

    #[test]
    fn reexports_are_told_from_imports() {
        let found = imports("pub(crate) use x::X as Y; pub use z::Z; use w::W;", &[]);
        let told: Vec<_> = found
            .iter()
            .map(|import| (import.name().unwrap(), import.is_reexport))
            .collect();
        assert_eq!(told, [("Y", true), ("Z", true), ("W", false)]);
    }
}
