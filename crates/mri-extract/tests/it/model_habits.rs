use std::collections::HashMap;
use std::fs;
use std::path::Path;

use mri_core::{Labels, Pooling};
use mri_extract::spec::TransformerSpec;
use mri_extract::{
    Device, Dtype, ExtractError, ModelError, ModelFolder, ModelNote, RecordOptions, TchBackend,
    TchOptions, record,
};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use crate::families::Case;
use crate::golden;

/// A copy of a tiny model with other names of tensors (`None` leaves one out), metadata and entries
/// of its configuration.
fn edited(
    family: &str,
    rename: impl Fn(&str) -> Option<String>,
    metadata: &[(&str, &str)],
    edit: impl Fn(&mut Value),
) -> tempfile::TempDir {
    let from = golden::folder().join("families").join(family);
    let folder = tempfile::tempdir().unwrap();
    let mut config: Value =
        serde_json::from_slice(&fs::read(from.join("config.json")).unwrap()).unwrap();
    edit(&mut config);
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let bytes = fs::read(from.join("model.safetensors")).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = stored.tensors().into_iter();
    let tensors: Vec<(String, TensorView<'_>)> = tensors
        .filter_map(|(name, tensor)| Some((rename(&name)?, tensor)))
        .collect();
    let metadata: HashMap<String, String> = metadata
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let file = folder.path().join("model.safetensors");
    safetensors::serialize_to_file(tensors, Some(metadata), &file).unwrap();
    folder
}

fn same(name: &str) -> Option<String> {
    Some(name.to_owned())
}

fn load(folder: &Path) -> Result<TchBackend, ModelError> {
    TchBackend::load(folder, &TchOptions::default().with_device(Device::Cpu))
}

/// Checks that a copy has the states of the original.
fn check(family: &str, folder: &tempfile::TempDir) {
    let case = Case::read(golden::folder().join("families").join(family));
    let mut backend = load(folder.path()).unwrap_or_else(|e| panic!("{family}: {e}"));
    case.check_all(&mut backend);
}

#[test]
fn prefixes_of_wrappers_are_found() {
    for prefix in [
        "_orig_mod.",
        "module.",
        "base_model.model.",
        "module._orig_mod.",
        "model.model.",
        "lm.",
    ] {
        check(
            "llama",
            &edited("llama", |n| Some(format!("{prefix}{n}")), &[], |_| {}),
        );
    }
    let task = |name: &str| Some(format!("my_bert.{name}"));
    check("bert", &edited("bert", task, &[], |_| {}));
    // Of two copies of a model that fit alike, that under the usual name.
    let stored = edited("gpt2-lm", |n| Some(format!("student.{n}")), &[], |_| {});
    check("gpt2-lm", &stored);
}

#[test]
fn a_tied_embedding_is_found_under_its_other_name() {
    let head = |name: &str| match name {
        "transformer.wte.weight" => Some("lm_head.weight".to_owned()),
        _ => same(name),
    };
    let note = [("transformer.wte.weight", "lm_head.weight")];
    check("gpt2-lm", &edited("gpt2-lm", head, &note, |_| {}));
    // GPT-2's embeddings are tied unless its configuration says otherwise.
    check("gpt2-lm", &edited("gpt2-lm", head, &[], |_| {}));
    let untied = edited("gpt2-lm", head, &[], |c| {
        c["tie_word_embeddings"] = json!(false);
    });
    let error = load(untied.path()).err().unwrap();
    assert!(error.to_string().contains("wte"), "{error}");
    // Llama's are tied if it says so.
    let head = |name: &str| match name {
        "embed_tokens.weight" | "model.embed_tokens.weight" => Some("lm_head.weight".to_owned()),
        "lm_head.weight" => None,
        _ => same(name),
    };
    check(
        "llama",
        &edited("llama", head, &[], |c| {
            c["tie_word_embeddings"] = json!(true);
        }),
    );
    let untied = edited("llama", head, &[], |c| {
        c["tie_word_embeddings"] = json!(false);
    });
    assert!(matches!(
        load(untied.path()).err(),
        Some(ModelError::MissingTensor { .. })
    ));
}

#[test]
fn the_family_follows_from_the_class_where_it_is_not_named() {
    for family in ["bert", "llama", "gpt2-lm"] {
        let folder = edited(family, same, &[], |c| c["model_type"] = Value::Null);
        check(family, &folder);
    }
    let folder = edited("bert", same, &[], |c| {
        c["model_type"] = Value::Null;
        c["architectures"] = json!(["MyOwnModel"]);
    });
    let error = load(folder.path()).err().unwrap().to_string();
    assert!(error.contains("MyOwnModel"), "{error}");
}

#[test]
fn entries_that_nobody_knows_are_listed_and_those_that_matter_refused() {
    let folder = edited("llama", same, &[], |c| {
        c["favorite_color"] = json!("green");
        c["auto_map"] = json!({"AutoModel": "modeling_mine.Mine"});
        c["attention_dropout"] = json!(0.5);
        c["residual_multiplier"] = json!(null);
        c["tie_last_hidden_states"] = json!(false);
    });
    let parts = ModelFolder::open(folder.path(), None).unwrap();
    let spec = parts.spec().unwrap();
    assert_eq!(spec.unread, ["auto_map", "favorite_color"]);
    let notes = parts.notes(&spec);
    let expected = ModelNote::Unread {
        entries: spec.unread.clone(),
    };
    assert_eq!(notes, [expected]);
    assert!(!notes[0].to_string().contains('\n'));
    check("llama", &folder);
    for (entry, value) in [
        ("residual_multiplier", json!(0.5)),
        ("clip_qkv", json!(8.0)),
        ("pruned_heads", json!({"0": [1]})),
    ] {
        let folder = edited("llama", same, &[], |c| c[entry] = value.clone());
        let error = load(folder.path()).err().unwrap().to_string();
        assert!(error.contains(entry), "{error}");
    }
}

#[test]
fn the_tiny_models_have_no_unknown_entries() {
    for entry in fs::read_dir(golden::folder().join("families")).unwrap() {
        let folder = entry.unwrap().path();
        let spec = TransformerSpec::read(&folder).unwrap();
        assert!(
            spec.unread.is_empty(),
            "{}: {:?}",
            folder.display(),
            spec.unread
        );
    }
}

#[test]
fn a_family_that_stays_causal_says_so() {
    let folder = edited("gpt_neo", same, &[], |c| c["is_causal"] = json!(false));
    let error = load(folder.path()).err().unwrap().to_string();
    assert!(error.contains("is_causal"), "{error}");
}

#[test]
fn rows_that_are_not_finite_stop_a_recording_unless_they_are_asked_for() {
    // Weights of which every product overflows half precision.
    let from = golden::folder().join("families/llama");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(from.join("config.json"), folder.path().join("config.json")).unwrap();
    let bytes = fs::read(from.join("model.safetensors")).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let large: Vec<(String, Vec<u8>, Vec<usize>)> = stored
        .tensors()
        .into_iter()
        .map(|(name, tensor)| {
            let wide = name.contains("layers.1")
                && (name.contains("gate_proj") || name.contains("up_proj"));
            let factor = if wide { 3e3 } else { 1.0 };
            let numbers = tensor.data().chunks_exact(2);
            let numbers = numbers.flat_map(|b| {
                let value = half::bf16::from_le_bytes([b[0], b[1]]).to_f32() * factor;
                half::bf16::from_f32(value).to_le_bytes()
            });
            (name, numbers.collect(), tensor.shape().to_vec())
        })
        .collect();
    let views: Vec<(&str, TensorView<'_>)> = large
        .iter()
        .map(|(name, data, shape)| {
            let view = TensorView::new(safetensors::Dtype::BF16, shape.clone(), data).unwrap();
            (name.as_str(), view)
        })
        .collect();
    let file = folder.path().join("model.safetensors");
    safetensors::serialize_to_file(views, None, &file).unwrap();

    let texts: mri_core::TokenBatch = [[3_u32, 9].as_slice(), &[5, 11, 20]].into_iter().collect();
    let labels = std::sync::Arc::new(Labels::from_names(["a", "b"]).unwrap());
    let run = |dtype, keep| {
        let options = TchOptions::default()
            .with_device(Device::Cpu)
            .with_dtype(dtype);
        let mut backend = TchBackend::load(folder.path(), &options).unwrap();
        let options = RecordOptions::default()
            .with_pooling(Pooling::Mean)
            .with_keep_non_finite(keep);
        record(&mut backend, &texts, &labels, &options, &())
    };
    assert!(run(Dtype::F32, false).is_ok());
    let error = run(Dtype::F16, false).err().unwrap();
    let ExtractError::NotFinite {
        layer, rows, of, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (layer.to_string().as_str(), *rows, *of),
        ("resid.02", 2, 2),
        "{error}"
    );
    assert!(run(Dtype::F16, true).is_ok());
}

#[test]
fn a_folder_of_sentence_transformers_brings_pooling_and_its_transformer() {
    let from = golden::folder().join("families/bert");
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("0_Transformer");
    fs::create_dir(&inner).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(from.join(name), inner.join(name)).unwrap();
    }
    fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    let write = |name: &str, content: Value| {
        fs::write(folder.path().join(name), content.to_string()).unwrap();
    };
    let class = "sentence_transformers.models";
    write(
        "modules.json",
        json!([{"idx": 0, "path": "0_Transformer", "type": format!("{class}.Transformer")},
            {"idx": 1, "path": "1_Pooling", "type": format!("{class}.Pooling")}]),
    );
    write(
        "1_Pooling/config.json",
        json!({"pooling_mode_mean_tokens": true}),
    );
    write(
        "0_Transformer/sentence_bert_config.json",
        json!({"max_seq_length": 20}),
    );
    let open = || ModelFolder::open(folder.path(), None).unwrap();
    assert_eq!(open().pooling().unwrap().unwrap().0, Pooling::Mean);
    assert_eq!(open().sentence().unwrap().max_length, Some(20));
    assert_eq!(open().transformer(), inner);
    check("bert", &folder);
    write(
        "1_Pooling/config.json",
        json!({"pooling_mode_weightedmean_tokens": true}),
    );
    let error = open().pooling().unwrap_err().to_string();
    assert!(error.contains("weightedmean"), "{error}");
    // A list without modules, as an old folder has it, and a module that leads out of the folder.
    write("modules.json", json!([]));
    assert_eq!(open().transformer(), inner);
    assert_eq!(open().pooling().unwrap(), None);
    write(
        "modules.json",
        json!([{"path": "../x", "type": format!("{class}.Transformer")}]),
    );
    assert_eq!(open().transformer(), inner);
}
