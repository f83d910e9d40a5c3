//! What a model is by the name of its class, for a `config.json` without `model_type`.

/// What transformers' classes of a family begin with, and its `model_type`.
const CLASSES: &[(&str, &str)] = &[
    ("Bert", "bert"),
    ("Roberta", "roberta"),
    ("XLMRoberta", "xlm-roberta"),
    ("DistilBert", "distilbert"),
    ("Electra", "electra"),
    ("MPNet", "mpnet"),
    ("ModernBert", "modernbert"),
    ("T5", "t5"),
    ("GPT2", "gpt2"),
    ("GPTNeo", "gpt_neo"),
    ("GPTJ", "gptj"),
    ("GPTNeoX", "gpt_neox"),
    ("OPT", "opt"),
    ("Falcon", "falcon"),
    ("Llama", "llama"),
    ("LLaMA", "llama"),
    ("Granite", "granite"),
    ("Mistral", "mistral"),
    ("Qwen2", "qwen2"),
    ("Qwen3", "qwen3"),
    ("Gemma", "gemma"),
    ("Gemma2", "gemma2"),
    ("Gemma3", "gemma3_text"),
    ("Gemma3Text", "gemma3_text"),
    ("Phi", "phi"),
    ("Phi3", "phi3"),
    ("Olmo2", "olmo2"),
    ("StableLm", "stablelm"),
    ("Mixtral", "mixtral"),
    ("Qwen3Moe", "qwen3_moe"),
];

/// What follows the name of a family in the name of a class. Gemma 3 with pictures has the class
/// `Gemma3ForConditionalGeneration`, whose configuration nests that of the text model.
const ENDINGS: &[&str] = &[
    "Model",
    "LMHeadModel",
    "EncoderModel",
    "DoubleHeadsModel",
    "PreTrainedModel",
    "ForCausalLM",
    "ForMaskedLM",
    "ForPreTraining",
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForQuestionAnswering",
    "ForMultipleChoice",
    "ForNextSentencePrediction",
    "TextModel",
];

/// The `model_type` of the models of a class.
pub(super) fn model_type_of(class: &str) -> Option<&'static str> {
    let fits = |name: &str| {
        let ending = class.strip_prefix(name);
        ending.is_some_and(|ending| {
            ENDINGS.contains(&ending) || (name == "T5" && ending == "ForConditionalGeneration")
        })
    };
    let found = CLASSES.iter().find(|(name, _)| fits(name));
    found.map(|(_, family)| *family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_names_the_family() {
        for (class, family) in [
            ("BertModel", "bert"),
            ("BertForSequenceClassification", "bert"),
            ("XLMRobertaForMaskedLM", "xlm-roberta"),
            ("GPT2LMHeadModel", "gpt2"),
            ("GPTNeoXForCausalLM", "gpt_neox"),
            ("GPTNeoForCausalLM", "gpt_neo"),
            ("T5ForConditionalGeneration", "t5"),
            ("Gemma3TextModel", "gemma3_text"),
            ("Gemma3ForCausalLM", "gemma3_text"),
            ("Qwen3MoeForCausalLM", "qwen3_moe"),
        ] {
            assert_eq!(model_type_of(class), Some(family), "{class}");
        }
        for class in [
            "BertGenerationDecoder",
            "Gemma3ForConditionalGeneration",
            "Llama4ForCausalLM",
            "",
        ] {
            assert_eq!(model_type_of(class), None, "{class}");
        }
    }
}
