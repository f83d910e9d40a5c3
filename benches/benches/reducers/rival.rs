//! Reducers of Python's, in a process of their own that waits for the word to run.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use mri_store::{read_npy, write_npy};
use serde_json::{Value, json};

use crate::contest::{Contestant, Fit, Placed};
use crate::data::Set;

/// The process, and who is in it.
pub(crate) struct Rivals {
    process: Rc<RefCell<Process>>,
    names: Vec<String>,
}

struct Process {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Rivals {
    /// Starts `rivals/reducers.py` with the rows of a set; `None` without `MRI_RIVAL_PYTHON`.
    pub(crate) fn start(
        set: &Set,
        components: usize,
        threads: usize,
        scratch: &Path,
    ) -> Result<Option<Self>> {
        let Some(python) = std::env::var_os("MRI_RIVAL_PYTHON") else {
            return Ok(None);
        };
        let select = |rows: &[usize]| set.rows.select(ndarray::Axis(0), rows);
        write_npy(&scratch.join("all.npy"), set.rows.view())?;
        write_npy(&scratch.join("kept.npy"), select(&set.kept).view())?;
        write_npy(
            &scratch.join("held_back.npy"),
            select(&set.held_back).view(),
        )?;
        let mut command = Command::new(python);
        command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/rivals/reducers.py"))
            .arg(scratch)
            .arg(components.to_string())
            .arg(threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // These are read when the libraries are loaded.
        for library in ["OMP", "OPENBLAS", "MKL", "NUMBA"] {
            command.env(format!("{library}_NUM_THREADS"), threads.to_string());
        }
        let mut child = command.spawn().context("MRI_RIVAL_PYTHON")?;
        let answers = BufReader::new(child.stdout.take().context("the rivals have no output")?);
        let questions = child.stdin.take();
        let mut process = Process {
            child,
            questions,
            answers,
        };
        let hello = process.answer()?;
        for left_out in hello["left_out"].as_array().into_iter().flatten() {
            println!("  left out: {}", left_out.as_str().unwrap_or_default());
        }
        println!(
            "  rivals: {}",
            hello["versions"].as_str().unwrap_or_default()
        );
        let names = hello["names"].as_array().into_iter().flatten();
        Ok(Some(Self {
            names: names
                .filter_map(|n| n.as_str().map(str::to_owned))
                .collect(),
            process: Rc::new(RefCell::new(process)),
        }))
    }

    /// Those of them that are wanted, each as a contestant.
    pub(crate) fn contestants(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = Box<dyn Contestant>> {
        let names: Vec<String> = self.names.iter().filter(|n| wanted(n)).cloned().collect();
        let process = self.process.clone();
        names.into_iter().map(move |name| {
            let process = process.clone();
            Box::new(Rival { name, process }) as Box<dyn Contestant>
        })
    }
}

struct Rival {
    name: String,
    process: Rc<RefCell<Process>>,
}

impl Rival {
    fn ask(&self, what: &str, seed: u64) -> Result<Value> {
        let question = json!({ "do": what, "name": self.name, "seed": seed });
        let mut process = self.process.borrow_mut();
        let questions = process
            .questions
            .as_mut()
            .context("the rivals have ended")?;
        writeln!(questions, "{question}")?;
        questions.flush()?;
        let answer = process.answer()?;
        match answer["error"].as_str() {
            Some(error) => bail!("{error}"),
            None => Ok(answer),
        }
    }
}

impl Contestant for Rival {
    fn name(&self) -> &str {
        &self.name
    }

    fn fit(&self, _: &Set, seed: u64) -> Result<Fit> {
        let answer = self.ask("fit", seed)?;
        let number = |key: &str| answer[key].as_f64().with_context(|| key.to_owned());
        Ok(Fit {
            seconds: number("seconds")?,
            megabytes: number("megabytes")?,
            points: points(&answer, "points")?.context("no points")?,
        })
    }

    fn place(&self, _: &Set, seed: u64) -> Result<Option<Placed>> {
        let answer = self.ask("place", seed)?;
        let (fitted, held_back) = (points(&answer, "points")?, points(&answer, "placed")?);
        Ok(fitted
            .zip(held_back)
            .map(|(fitted, held_back)| Placed { fitted, held_back }))
    }
}

/// The matrix whose path an answer gives.
fn points(answer: &Value, key: &str) -> Result<Option<ndarray::Array2<f32>>> {
    let path = answer[key].as_str();
    Ok(path.map(|path| read_npy(Path::new(path))).transpose()?)
}

impl Process {
    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line)
            .context("the rivals' process failed; run its script by hand to see why")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its input ends, and with it its loop.
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}
