//! What a build script tells cargo, computed without printing.

use std::path::Path;

/// Variables that name the folder of libtorch, nearest dependency first. Cargo sets them for
/// direct dependents of `llm-mri`, `mri-extract` and `torch-sys`, whose `links` key is `tch`.
const PUBLISHED: [&str; 3] = [
    "DEP_LLM_MRI_LIBTORCH_LIB",
    "DEP_MRI_EXTRACT_LIBTORCH_LIB",
    "DEP_TCH_LIBTORCH_LIB",
];

/// Operating systems by how they find shared libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Os {
    /// ELF: a run path, and a linker that drops libraries to which no symbol refers.
    Linux,
    /// A run path, and no libtorch for CUDA.
    OtherUnix,
    /// No run path.
    Other,
}

impl Os {
    /// The operating system that cargo compiles for.
    pub(crate) fn of_target(variable: impl Fn(&str) -> Option<String>) -> Self {
        match variable("CARGO_CFG_TARGET_OS").as_deref() {
            Some("linux") => Self::Linux,
            _ if variable("CARGO_CFG_TARGET_FAMILY").as_deref() == Some("unix") => Self::OtherUnix,
            _ => Self::Other,
        }
    }
}

/// The folder of libtorch's libraries, if a direct dependency publishes it.
pub(crate) fn find_folder(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    PUBLISHED.into_iter().find_map(variable)
}

/// Linker arguments with which a program finds the libraries in `folder` when it starts.
pub(crate) fn link_arguments(folder: &str, os: Os) -> Vec<String> {
    if os == Os::Other {
        return Vec::new();
    }
    let mut arguments = vec![format!("-Wl,-rpath,{folder}")];
    let cuda = Path::new(folder).join("libtorch_cuda.so");
    if os == Os::Linux && cuda.exists() {
        let cuda = cuda.display();
        arguments.push(format!("-Wl,--no-as-needed,{cuda},--as-needed"));
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(
        pairs: &'static [(&'static str, &'static str)],
    ) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let pair = pairs.iter().find(|(key, _)| *key == name)?;
            Some(pair.1.to_owned())
        }
    }

    #[test]
    fn the_nearest_dependency_names_the_folder() {
        let both = environment(&[
            ("DEP_TCH_LIBTORCH_LIB", "/far"),
            ("DEP_LLM_MRI_LIBTORCH_LIB", "/near"),
        ]);
        assert_eq!(find_folder(both).as_deref(), Some("/near"));
        let tch = environment(&[("DEP_TCH_LIBTORCH_LIB", "/far")]);
        assert_eq!(find_folder(tch).as_deref(), Some("/far"));
        assert_eq!(find_folder(environment(&[])), None);
    }

    #[test]
    fn only_systems_with_a_run_path_get_one() {
        let expected = vec!["-Wl,-rpath,/opt/libtorch/lib".to_owned()];
        assert_eq!(link_arguments("/opt/libtorch/lib", Os::Linux), expected);
        assert_eq!(link_arguments("/opt/libtorch/lib", Os::OtherUnix), expected);
        assert!(link_arguments("C:/libtorch/lib", Os::Other).is_empty());
    }

    #[test]
    fn the_target_decides_the_system_and_not_the_host() {
        let os = |name, family| {
            Os::of_target(|key| match key {
                "CARGO_CFG_TARGET_OS" => Some(String::from(name)),
                "CARGO_CFG_TARGET_FAMILY" => Some(String::from(family)),
                _ => None,
            })
        };
        assert_eq!(os("linux", "unix"), Os::Linux);
        assert_eq!(os("macos", "unix"), Os::OtherUnix);
        assert_eq!(os("windows", "windows"), Os::Other);
    }

    #[test]
    fn a_libtorch_for_cuda_is_linked_although_no_symbol_refers_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let lib = folder.path().to_str().unwrap();
        assert_eq!(link_arguments(lib, Os::Linux).len(), 1);
        std::fs::write(folder.path().join("libtorch_cuda.so"), "").unwrap();
        assert_eq!(
            link_arguments(lib, Os::Linux)[1],
            format!("-Wl,--no-as-needed,{lib}/libtorch_cuda.so,--as-needed")
        );
        assert_eq!(link_arguments(lib, Os::OtherUnix).len(), 1);
    }
}
