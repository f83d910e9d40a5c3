//! What a user can do about an error: the libraries report facts, the program knows its own flags.

use std::io::{self, ErrorKind};
use std::path::Path;

use llm_mri::HubError;
use llm_mri::ScanError;
use llm_mri::corpus::{ColumnProblem, ColumnRole, CorpusError, FormatProblem, RowProblem};
use llm_mri::extract::{ExtractError, ModelError, OptionsProblem};
use llm_mri::store::{MergeError, StoreError};

/// The remedy for an error, if the program has one to offer.
pub(super) fn remedy(error: &anyhow::Error) -> Option<&'static str> {
    // `transparent` errors are not links of the chain, so each level is unwrapped here.
    error.chain().find_map(|cause| {
        if cause
            .downcast_ref::<io::Error>()
            .is_some_and(too_many_files)
        {
            Some("allow more of them with `ulimit -n 4096`")
        } else if let Some(error) = cause.downcast_ref::<ScanError>() {
            of_scan(error)
        } else if let Some(error) = cause.downcast_ref::<CorpusError>() {
            of_corpus(error)
        } else if let Some(error) = cause.downcast_ref::<StoreError>() {
            of_store(error)
        } else if let Some(error) = cause.downcast_ref::<HubError>() {
            of_hub(error)
        } else if let Some(error) = cause.downcast_ref::<io::Error>() {
            // What a matrix finds wrong with its file when its rows are read.
            of_store(error.get_ref()?.downcast_ref()?)
        } else {
            None
        }
    })
}

/// Whether the process has as many files open as it may.
fn too_many_files(error: &io::Error) -> bool {
    // EMFILE and ENFILE on every Unix.
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

fn of_scan(error: &ScanError) -> Option<&'static str> {
    Some(match error {
        ScanError::Extract(ExtractError::Corpus(error)) | ScanError::Corpus(error) => {
            return of_corpus(error);
        }
        ScanError::Extract(ExtractError::Hub(error)) => return of_hub(error),
        ScanError::Extract(ExtractError::Store(error)) | ScanError::Store(error) => {
            return of_store(error);
        }
        ScanError::Extract(ExtractError::NotFinite { .. }) => {
            "compute in --dtype bf16 or f32, or record such rows with --keep-non-finite"
        }
        ScanError::Extract(ExtractError::Options(OptionsProblem::PoolingMode { .. })) => {
            "choose one with --pooling"
        }
        ScanError::Extract(ExtractError::Model(ModelError::NoBase { .. })) => {
            "name the base with --base DIR|ID"
        }
        ScanError::Extract(ExtractError::Model(ModelError::NoAdapter { .. })) => {
            "leave --base out, or give the adapter's folder with --model"
        }
        ScanError::NoMaps => "`llm-mri reduce` makes them",
        ScanError::NoRegions => "`llm-mri graph` makes them",
        ScanError::NotPlanar { .. } => "`llm-mri reduce --components 2` makes such maps",
        ScanError::NoTexts => "`llm-mri scan` on the same folder and texts adds them",
        ScanError::DoubtfulLabels { .. } => {
            "name the right one with --label, or take these with --many-labels"
        }
        ScanError::TooManyLabels { .. } => {
            "name another column with --label; `llm-mri extract` records texts whatever their labels"
        }
        ScanError::TooManyRegions { .. } => "`llm-mri graph --grid N` makes fewer",
        ScanError::TooManyComponents { .. } => "give --components a smaller number",
        ScanError::BadSections(_) => "`llm-mri reduce` makes maps and regions anew",
        ScanError::BadFile { path, .. } => match of_damaged(path) {
            "make it anew" => "make the scan anew",
            remedy => remedy,
        },
        ScanError::OutExists { .. } => "choose another folder, or replace it with --force",
        ScanError::OutIsInput { .. } => "choose a place outside of what is read",
        ScanError::NotOurs { .. } => "choose another place, or move it away",
        ScanError::Changed { .. } => "run the command again",
        _ => return None,
    })
}

fn of_corpus(error: &CorpusError) -> Option<&'static str> {
    Some(match error {
        CorpusError::Column { role, problem, .. } => match (problem, role) {
            (ColumnProblem::Duplicate, ColumnRole::Text) => "or name another one with --text",
            (ColumnProblem::Duplicate, ColumnRole::Label) => "or name another one with --label",
            (ColumnProblem::Missing { .. }, ColumnRole::Text) => "name the right one with --text",
            (ColumnProblem::Missing { .. }, ColumnRole::Label) => "name the right one with --label",
            (_, role) => another_column(*role),
        },
        CorpusError::Row { problem, .. } => match problem {
            RowProblem::Missing(_) => "fill it in, or leave such rows out with --drop-missing",
            RowProblem::UnknownLabel { .. } => {
                "correct it, or leave rows without a label (-1) out with --drop-missing"
            }
            RowProblem::NotText { role, .. } => another_column(*role),
            RowProblem::OtherEncoding { .. } => {
                "save the file as UTF-8, or name its encoding, such as --encoding windows-1252"
            }
            RowProblem::UnclosedQuote | RowProblem::StrayQuote { .. } => {
                "if quotes are letters of the texts, read them so with --quotes none; \
                 else double every quote inside a quoted field"
            }
            _ => return None,
        },
        CorpusError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
            "check the path given with --data"
        }
        CorpusError::Io { source, .. } if source.kind() == ErrorKind::InvalidData => {
            "the file is damaged or in another encoding, which --encoding names"
        }
        CorpusError::Io { source, .. } if source.kind() == ErrorKind::UnexpectedEof => {
            "the file is cut off; copy or download it again"
        }
        CorpusError::Format { problem, .. } => match problem {
            FormatProblem::Unnamed => "name it with --format, such as --format jsonl",
            FormatProblem::Unknown => {
                "if it is one of these under another name, say so with --format"
            }
            FormatProblem::Pipe => "or give it as standard input, with --data - and --format",
            _ => return None,
        },
        CorpusError::EmptyFile { .. } => "give one with texts to --data",
        CorpusError::Empty { n_dropped, .. } if *n_dropped > 0 => {
            "check the names of the columns, --text and --label"
        }
        CorpusError::EmptySample { per_class: false } => "give --limit a larger number",
        CorpusError::EmptySample { per_class: true } => "give --per-class a larger number",
        CorpusError::Split { splits, .. } if splits.is_empty() => "leave --split out",
        CorpusError::Split { .. } => "name one of them with --split",
        _ => return None,
    })
}

fn another_column(role: ColumnRole) -> &'static str {
    match role {
        ColumnRole::Text => "name another column with --text",
        ColumnRole::Label => "name another column with --label",
    }
}

fn of_hub(error: &HubError) -> Option<&'static str> {
    Some(match error {
        HubError::RevisionOfFolder { .. } => "leave --revision out",
        HubError::PickleOnly { .. } => "give it with --model DIR",
        HubError::Transfer { .. } => "run the command again",
        HubError::DamagedBlob { .. } => "remove that file, and the next run fetches it again",
        HubError::Damaged { .. } => "run the command again to fetch it anew",
        _ => return None,
    })
}

fn of_store(error: &StoreError) -> Option<&'static str> {
    Some(match error {
        StoreError::Mismatch { .. } | StoreError::NotAStore { .. } => {
            "write to another folder, or replace this one with --force"
        }
        StoreError::Damaged { path, .. } | StoreError::BadNpy { path, .. } => of_damaged(path),
        StoreError::BadManifest { path, .. } if path.ends_with("recording.json") => {
            of_damaged(path)
        }
        StoreError::Busy { .. } => "wait until that is done, or stop it",
        StoreError::NoRecording { .. } => "`llm-mri extract` and `llm-mri scan` make one",
        StoreError::Unfinished { .. } => {
            "run the command that began it again, and it resumes where it stopped"
        }
        StoreError::Merge(MergeError::NotAShard { .. }) => {
            "only what was recorded with --shard is merged"
        }
        StoreError::Merge(MergeError::Different { .. }) => {
            "record it again with the same model, texts and options"
        }
        StoreError::Merge(MergeError::Duplicate { .. }) => "leave one of them out",
        StoreError::Merge(MergeError::Missing { .. }) => {
            "record them and merge all of them at once"
        }
        _ => return None,
    })
}

/// What makes a damaged file of a scan anew.
fn of_damaged(path: &Path) -> &'static str {
    let names = [path.parent(), Some(path)].map(|path| path?.file_name()?.to_str());
    match (names[0], names[1]) {
        (_, Some("manifest.json")) => {
            "the command that recorded it, repeated with --force, makes it anew"
        }
        (Some("activations"), Some("recording.json")) => {
            "the command that began it, repeated with --force, begins anew"
        }
        (Some("activations"), _) => {
            "the command that recorded it, repeated with --force, records only what is damaged"
        }
        (Some("embedding"), _) => "`llm-mri reduce` makes maps anew",
        (_, Some("corpus.csv")) => {
            "`llm-mri scan` on the same folder, model and texts writes it again"
        }
        _ => "make it anew",
    }
}
