use tch::{TchError, Tensor};

use crate::engine::spec::Activation;

/// Applies an activation function, in place where libtorch can.
pub(super) fn activate(activation: Activation, mut x: Tensor) -> Result<Tensor, TchError> {
    match activation {
        Activation::Gelu => x.f_gelu_("none"),
        Activation::GeluTanh => x.f_gelu_("tanh"),
        Activation::QuickGelu => x.f_mul_scalar(1.702)?.f_sigmoid_()?.f_mul_(&x),
        Activation::Relu => x.f_relu_(),
        Activation::ReluSquared => x.f_relu_()?.f_square_(),
        Activation::Silu => x.f_silu_(),
        Activation::Tanh => x.f_tanh_(),
    }
}
