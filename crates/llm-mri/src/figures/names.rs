/// Characters of a category's name that a file name repeats.
const LENGTH: usize = 40;

/// A file name for a category: its number and those characters of its name that every file system
/// accepts.
pub(crate) fn category_file_name(category: usize, name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars().take(LENGTH) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        format!("{category:02}")
    } else {
        format!("{category:02}-{slug}")
    }
}
