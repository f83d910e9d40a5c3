//! Part of the llm-mri workspace; see the folder.
