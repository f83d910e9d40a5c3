use std::collections::VecDeque;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// No step takes nearly as long, not even on a machine that does much else; a hang must end.
const LIMIT: Duration = Duration::from_secs(120);

/// Notes whatever a page does that it should not, before any of its own scripts run.
const WATCH: &str = "
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    window.alert = () => { window.hostile = 'alert'; };
";

/// A headless Chromium with one page, spoken to in the DevTools protocol over a pipe. It ends with
/// this value.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    events: VecDeque<Value>,
    session: Option<String>,
    last_id: u64,
    /// Holds the profile of the browser, and the page.
    _folder: TempDir,
}

impl Browser {
    pub(crate) fn start(folder: TempDir) -> Self {
        let program =
            chromium().expect("no Chromium; install the package `chromium` or set CHROMIUM");
        // Chromium reads commands from descriptor 3 and answers on 4.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null",
            ])
            .arg(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--remote-debugging-pipe",
            ])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let answers = child.stdout.take().unwrap();
        let (send, from) = channel();
        thread::spawn(move || {
            for message in BufReader::new(answers).split(0).map_while(Result::ok) {
                let value = serde_json::from_slice(&message).unwrap();
                if send.send(value).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            child,
            to,
            from,
            events: VecDeque::new(),
            session: None,
            last_id: 0,
            _folder: folder,
        };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = browser.call(
            "Target.attachToTarget",
            json!({ "targetId": page["targetId"], "flatten": true }),
        );
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": WATCH }),
        );
        browser.size(1280, 900);
        browser
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        let started = Instant::now();
        loop {
            let left = LIMIT.saturating_sub(started.elapsed());
            let answer = self.from.recv_timeout(left);
            let answer = answer.unwrap_or_else(|e| panic!("{method} was not answered: {e}"));
            if answer["id"] == json!(id) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push_back(answer);
        }
    }

    /// Opens a page and waits for its verdict on itself.
    pub(crate) fn open(&mut self, path: &Path) {
        let url = format!("file://{}", path.canonicalize().unwrap().display());
        self.call("Page.navigate", json!({ "url": url }));
        self.wait_for("document.querySelector('#self-check')?.dataset.ok");
    }

    /// The value of an expression on the page, whose promises are awaited.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }),
        );
        let problem = &answer["exceptionDetails"];
        assert!(problem.is_null(), "{expression}: {problem}");
        answer["result"]["value"].clone()
    }

    pub(crate) fn text(&mut self, expression: &str) -> String {
        let value = self.eval(expression);
        value
            .as_str()
            .unwrap_or_else(|| panic!("{expression} is {value}"))
            .to_owned()
    }

    /// The words of an element.
    pub(crate) fn words(&mut self, selector: &str) -> String {
        self.text(&format!(
            "document.querySelector({}).innerText",
            json!(selector)
        ))
    }

    /// Waits until an expression is true (or a string, a number that is not empty or 0).
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let started = Instant::now();
        while self.eval(&format!("!!({expression})")) != json!(true) {
            assert!(
                started.elapsed() < LIMIT,
                "it never came true: {expression}"
            );
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Scrolls an element into view and gives its middle, once it stands still and nothing covers
    /// it.
    fn middle(&mut self, selector: &str) -> (f64, f64) {
        let place = self.eval(&format!(
            "(async () => {{
                let before = null;
                for (let tries = 0; tries < 300; tries++) {{
                    const element = document.querySelector({});
                    element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                    const box = element.getBoundingClientRect();
                    const middle = [box.left + box.width / 2, box.top + box.height / 2];
                    const still = before !== null && String(before) === String(middle);
                    if (still && element.contains(document.elementFromPoint(...middle))) return middle;
                    before = middle;
                    await new Promise((done) => setTimeout(done, 30));
                }}
                throw new Error('never to be clicked');
            }})()",
            json!(selector)
        ));
        (place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
    }

    /// Moves the pointer onto the middle of an element.
    pub(crate) fn hover(&mut self, selector: &str) {
        let (x, y) = self.middle(selector);
        self.mouse("mouseMoved", x, y, 0);
    }

    /// Clicks on the middle of an element, as a hand would.
    pub(crate) fn click(&mut self, selector: &str) {
        let (x, y) = self.middle(selector);
        self.mouse("mouseMoved", x, y, 0);
        self.mouse("mousePressed", x, y, 1);
        self.mouse("mouseReleased", x, y, 1);
    }

    fn mouse(&mut self, kind: &str, x: f64, y: f64, clicks: u32) {
        let button = if clicks > 0 { "left" } else { "none" };
        self.call(
            "Input.dispatchMouseEvent",
            json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": clicks }),
        );
    }

    /// Presses a key, such as `ArrowLeft`, on what has the focus.
    pub(crate) fn key(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let code = match key {
                "ArrowLeft" => 37,
                "ArrowUp" => 38,
                "ArrowRight" => 39,
                "ArrowDown" => 40,
                _ => 0,
            };
            self.call(
                "Input.dispatchKeyEvent",
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code }),
            );
        }
    }

    /// Types into what has the focus.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// The size of the window, at one pixel per pixel.
    pub(crate) fn size(&mut self, width: u32, height: u32) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
    }

    /// What the system is said to prefer: `light` or `dark`.
    pub(crate) fn prefer(&mut self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        );
    }

    /// Asserts that the page found itself whole, that it asked for nothing but its own file, and
    /// that nothing was refused, thrown or logged on the way.
    pub(crate) fn assert_quiet(&mut self) {
        assert_eq!(
            self.words("#self-check").split(':').next(),
            Some("Self-check passed")
        );
        assert_eq!(
            self.eval("window.violations"),
            json!([]),
            "the policy had to act"
        );
        let mut documents = 0;
        for event in &self.events {
            let parameters = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    let url = parameters["request"]["url"].as_str().unwrap();
                    let own = url.starts_with("file://") && url.ends_with("/report.html");
                    assert!(
                        own && parameters["type"] == "Document",
                        "a request left: {url}"
                    );
                    documents += 1;
                }
                "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded" => {
                    panic!("the page complained: {parameters}");
                }
                "Network.webSocketCreated" | "Page.frameAttached" => {
                    panic!("the page reached out: {parameters}");
                }
                _ => {}
            }
        }
        assert!(documents > 0, "the page's own file was not even seen");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Should it be gone already there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn chromium() -> Option<PathBuf> {
    if let Some(program) = env::var_os("CHROMIUM") {
        return Some(program.into());
    }
    let path = env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    found.into_iter().find(|program| program.is_file())
}
