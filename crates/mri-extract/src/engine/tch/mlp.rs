//! Feed-forward networks.

use tch::{Device, Kind, TchError, Tensor};

use super::activation::activate;
use super::linear::Linear;
use super::weights::MlpWeights;
use crate::engine::spec::{Activation, Mlp};

/// The neurons of an MLP and its down projection, which is left to do; for a mixture of experts the
/// output and `None`. `record` is called with the neurons.
pub(super) fn neurons_and_down<'a>(
    spec: &Mlp,
    weights: &'a MlpWeights,
    states: &Tensor,
    record: impl FnOnce(&Tensor) -> Result<(), TchError>,
) -> Result<(Tensor, Option<&'a Linear>), TchError> {
    match (spec, weights) {
        (Mlp::Plain { activation, .. }, MlpWeights::Plain { up, down }) => {
            let neurons = up.activate(states, *activation)?;
            record(&neurons)?;
            Ok((neurons, Some(down)))
        }
        (Mlp::Gated { activation, .. }, MlpWeights::Gated { gate_up, down }) => {
            let neurons = gated(*activation, gate_up, states)?;
            record(&neurons)?;
            Ok((neurons, Some(down)))
        }
        (
            &Mlp::Experts {
                per_token,
                activation,
                normalized,
                ..
            },
            MlpWeights::Experts { router, experts },
        ) => {
            let (weights, selected) = route(router, states, per_token, normalized)?;
            let sum = mix(activation, experts, states, &weights, &selected, per_token)?;
            Ok((sum, None))
        }
        _ => Err(TchError::Shape(
            "the weights are of another kind of MLP".to_owned(),
        )),
    }
}

/// Selects `per_token` experts for each token. Returns their weights, shape (tokens × `per_token`,
/// 1), and numbers, token by token.
fn route(
    router: &Linear,
    states: &Tensor,
    per_token: usize,
    normalized: bool,
) -> Result<(Tensor, Vec<i64>), TchError> {
    let weights = router.apply(states)?.f_softmax(-1, Kind::Float)?;
    let (mut weights, selected) = weights.f_topk(per_token as i64, -1, true, true)?;
    if normalized {
        let sums = weights.f_sum_dim_intlist(-1, true, Kind::Float)?;
        weights = weights.f_div(&sums)?;
    }
    let selected = selected.f_reshape(-1)?.f_to_device(Device::Cpu)?;
    let mut experts = vec![0_i64; selected.numel()];
    selected.f_copy_data(&mut experts, selected.numel())?;
    Ok((weights.f_reshape([-1, 1])?, experts))
}

/// The weighted sum of the selected experts' outputs.
fn mix(
    activation: Activation,
    experts: &[(Linear, Linear)],
    states: &Tensor,
    weights: &Tensor,
    selected: &[i64],
    per_token: usize,
) -> Result<Tensor, TchError> {
    // For each expert the places among `selected`.
    let mut selections = vec![Vec::new(); experts.len()];
    for (place, &expert) in selected.iter().enumerate() {
        // The router has as many outputs as there are experts.
        if let Some(places) = usize::try_from(expert)
            .ok()
            .and_then(|e| selections.get_mut(e))
        {
            places.push(place as i64);
        }
    }
    let mut sum = states.f_zeros_like()?;
    for ((gate_up, down), places) in experts.iter().zip(&selections) {
        if places.is_empty() {
            continue;
        }
        let tokens: Vec<i64> = places.iter().map(|p| p / per_token as i64).collect();
        let tokens = Tensor::f_from_slice(&tokens)?.f_to_device(states.device())?;
        let places = Tensor::f_from_slice(places)?.f_to_device(states.device())?;
        let neurons = gated(activation, gate_up, &states.f_index_select(0, &tokens)?)?;
        let out = down
            .apply(&neurons)?
            .f_to_kind(Kind::Float)?
            .f_mul(&weights.f_index_select(0, &places)?)?;
        // No token selects an expert twice, so the order of additions is fixed.
        sum = sum.f_index_add_(0, &tokens, &out)?;
    }
    Ok(sum)
}

/// The neurons of a gated MLP.
fn gated(activation: Activation, gate_up: &Linear, states: &Tensor) -> Result<Tensor, TchError> {
    let both = gate_up.apply(states)?;
    let width = both.size2()?.1 / 2;
    let gate = activate(activation, both.f_narrow(1, 0, width)?)?;
    gate.f_mul(&both.f_narrow(1, width, width)?)
}
