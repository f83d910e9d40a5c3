//! `quantization_config` of `config.json`.

use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::Quantization;

/// What is read, for errors.
const HINT: &str = "; read are fp8, fbgemm_fp8, gptq and awq of few bits, mxfp4, and 8-bit floats of compressed-tensors and modelopt";

/// How the weights are stored, before any of them is looked at.
pub(super) fn quantization(config: &Config) -> Result<Option<Quantization>, ModelError> {
    const METHOD: &str = "quantization_config.quant_method";
    if config.get("quantization_config").is_none() {
        return Ok(None);
    }
    let method = match config.string_opt(METHOD)? {
        Some(method) => method,
        // The oldest files of bitsandbytes name no method.
        None if flag(config, "load_in_8bit")? || flag(config, "load_in_4bit")? => "bitsandbytes",
        None => return Err(config.bad(METHOD, "missing; it says how weights are stored")),
    };
    Ok(Some(match method {
        "fp8" => Quantization::Fp8 {
            block: block(config)?,
        },
        "fbgemm_fp8" => Quantization::Fp8 { block: None },
        "compressed-tensors" => {
            const FORMAT: &str = "quantization_config.format";
            match config.string_opt(FORMAT)? {
                Some("float-quantized" | "naive-quantized") => Quantization::Fp8 { block: None },
                _ => return Err(config.unsupported(FORMAT, HINT)),
            }
        }
        "modelopt" => match config.string_opt("quantization_config.quant_algo")? {
            Some("FP8") => Quantization::Fp8 { block: None },
            _ => return Err(config.unsupported("quantization_config.quant_algo", HINT)),
        },
        "gptq" => gptq(config)?,
        "awq" => awq(config)?,
        "mxfp4" => Quantization::Mxfp4,
        _ => return Err(config.unsupported(METHOD, HINT)),
    }))
}

fn flag(config: &Config, name: &str) -> Result<bool, ModelError> {
    config.bool_or(&format!("quantization_config.{name}"), false)
}

/// The block of fine-grained scales; transformers' default is 128 × 128.
fn block(config: &Config) -> Result<Option<[usize; 2]>, ModelError> {
    const KEY: &str = "quantization_config.weight_block_size";
    let sizes = config.indices(KEY)?;
    match sizes.as_slice() {
        [] => Ok(None),
        &[outputs, inputs] if outputs > 0 && inputs > 0 => Ok(Some([outputs, inputs])),
        _ => Err(config.bad(KEY, "has to be two positive numbers")),
    }
}

/// Inputs per group; -1 means one group.
fn group(config: &Config) -> Result<usize, ModelError> {
    const KEY: &str = "quantization_config.group_size";
    match config.get(KEY).map(serde_json::Value::as_i64) {
        Some(Some(-1)) => Ok(usize::MAX),
        _ => config.count_or(KEY, 128),
    }
}

fn gptq(config: &Config) -> Result<Quantization, ModelError> {
    const BITS: &str = "quantization_config.bits";
    const FORMAT: &str = "quantization_config.checkpoint_format";
    let bits = match config.count(BITS)? {
        2 => 2,
        4 => 4,
        8 => 8,
        _ => return Err(config.unsupported(BITS, "; 2, 4 and 8 are")),
    };
    let zero_offset = match config.string_opt(FORMAT)? {
        None | Some("gptq") => 1,
        Some("gptq_v2") => 0,
        Some(_) => return Err(config.unsupported(FORMAT, "; gptq and gptq_v2 are")),
    };
    Ok(Quantization::Gptq {
        bits,
        group: group(config)?,
        zero_offset,
    })
}

fn awq(config: &Config) -> Result<Quantization, ModelError> {
    const BITS: &str = "quantization_config.bits";
    // AutoAWQ's own file has other names for the entries.
    const OLD_BITS: &str = "quantization_config.w_bit";
    let bits = match config.count_opt(BITS)? {
        Some(bits) => bits,
        None => config.count_or(OLD_BITS, 4)?,
    };
    if bits != 4 {
        return Err(config.unsupported(BITS, "; 4 are"));
    }
    for key in ["version", "format"].map(|name| format!("quantization_config.{name}")) {
        let version = config.string_opt(&key)?.map(str::to_ascii_lowercase);
        if !matches!(version.as_deref(), None | Some("gemm")) {
            return Err(config.unsupported(&key, "; gemm is"));
        }
    }
    if !config.bool_or("quantization_config.zero_point", true)? {
        return Err(config.unsupported("quantization_config.zero_point", "; only true is"));
    }
    let group = match config.count_opt("quantization_config.q_group_size")? {
        Some(group) => group,
        None => group(config)?,
    };
    Ok(Quantization::Awq { group })
}
