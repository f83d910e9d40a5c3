use std::path::Path;

use crate::gguf::Gguf;

/// The display name of a model: that of its GGUF file without the extension, that of its folder or,
/// for a folder of the hub's cache, which is named after a commit, the id of the model.
#[cfg_attr(
    not(feature = "tch"),
    allow(dead_code, reason = "only engines name models")
)]
pub(crate) fn shown_name(folder: &Path) -> String {
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    // models--ORG--NAME/snapshots/COMMIT
    let cached = folder
        .parent()
        .filter(|parent| parent.ends_with("snapshots"))
        .and_then(|snapshots| name(snapshots.parent()?));
    if Gguf::is_path(folder) {
        let stem = folder.file_stem().map(|stem| stem.to_string_lossy());
        return stem.unwrap_or_default().into_owned();
    }
    let id = cached.and_then(|cached| Some(cached.strip_prefix("models--")?.replace("--", "/")));
    id.or_else(|| name(folder))
        .unwrap_or_else(|| folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_model_is_shown_by_its_id() {
        let cached = "/c/hub/models--org--name/snapshots/0123";
        assert_eq!(shown_name(Path::new(cached)), "org/name");
        assert_eq!(shown_name(Path::new("/m/MiniLM")), "MiniLM");
        assert_eq!(shown_name(Path::new("/m/snapshots/x")), "x");
        assert_eq!(shown_name(Path::new("/m/a.b.Q4_1.gguf")), "a.b.Q4_1");
    }
}
