use mri_core::ReduceError;
use ndarray::ArrayView2;

/// The error of a parameter out of range.
pub(crate) fn out_of_range<T>(
    parameter: &'static str,
    value: impl ToString,
    expected: &'static str,
) -> Result<T, ReduceError> {
    Err(ReduceError::Parameter {
        parameter,
        value: value.to_string(),
        expected,
    })
}

/// Rejects matrices with fewer than two rows or no column.
pub(crate) fn check_size((rows, columns): (usize, usize)) -> Result<(), ReduceError> {
    if rows < 2 || columns == 0 {
        return Err(ReduceError::TooSmall {
            rows,
            columns,
            needed_rows: 2,
        });
    }
    Ok(())
}

/// Rejects NaN and infinity; the error names the first.
pub(crate) fn check_finite(x: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
    for (row, values) in x.rows().into_iter().enumerate() {
        // Without an early exit the compiler vectorizes the loop.
        if values.iter().fold(false, |bad, v| bad | !v.is_finite()) {
            let found = values.iter().enumerate().find(|(_, v)| !v.is_finite());
            if let Some((column, &value)) = found {
                return Err(ReduceError::NonFinite { row, column, value });
            }
        }
    }
    Ok(())
}

/// Rejects a number of components that is 0 or above the smaller side of the matrix.
pub(crate) fn check_components(
    (rows, columns): (usize, usize),
    components: usize,
) -> Result<(), ReduceError> {
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

/// Rejects initial points that are not finite or not of shape (rows, components).
pub(crate) fn check_init(
    init: ArrayView2<'_, f32>,
    rows: usize,
    components: usize,
) -> Result<(), ReduceError> {
    let finite = check_finite(init).is_ok();
    if init.dim() != (rows, components) || !finite {
        return Err(ReduceError::Parameter {
            parameter: "init",
            value: match finite {
                true => format!("of shape {:?}", init.dim()),
                false => "not finite".to_owned(),
            },
            expected: "finite and of the points' shape",
        });
    }
    Ok(())
}
