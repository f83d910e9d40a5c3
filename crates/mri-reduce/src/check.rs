use mri_core::ReduceError;
use ndarray::ArrayView2;

/// Refuses matrices that no reducer can work on: fewer than two rows, no column, or a value that
/// is not finite.
pub(crate) fn check_input(x: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
    let (rows, columns) = x.dim();
    if rows < 2 || columns == 0 {
        return Err(ReduceError::TooSmall {
            rows,
            columns,
            needed_rows: 2,
        });
    }
    check_finite(x)
}

/// Refuses NaN and infinity, naming the first.
pub(crate) fn check_finite(x: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
    match x.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), &value)) => Err(ReduceError::NonFinite { row, column, value }),
        None => Ok(()),
    }
}

/// Refuses a number of components that is 0 or that `x` cannot give.
pub(crate) fn check_components(
    x: ArrayView2<'_, f32>,
    components: usize,
) -> Result<(), ReduceError> {
    let (rows, columns) = x.dim();
    let limit = rows.min(columns);
    if components == 0 {
        return Err(ReduceError::Parameter {
            parameter: "n_components",
            value: components.to_string(),
            expected: "at least 1",
        });
    }
    if components > limit {
        return Err(ReduceError::TooManyComponents {
            components,
            rows,
            columns,
            limit,
        });
    }
    Ok(())
}
