"""The compiler's runner, tried with a stand-in that speaks the documented output; not with the real compiler."""

from __future__ import annotations

import hashlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from convert import compiler, publish
from convert.__main__ import main
from convert.errors import CompilerError
from edge import manifest
from edge.errors import InUse
from edge.files import alone_in

HERE = Path(__file__).resolve().parent
TINY = HERE.parent / "tiny"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Puts the stand-in on the PATH; call it with what it should do."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "edgetpu_compiler"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "edgetpu_compiler.py"}" "$@"\n')
    script.chmod(0o755)

    def behave(how="good"):
        monkeypatch.setenv("STAND_IN", how)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return str(script)

    return behave


@pytest.fixture
def models(tmp_path):
    """A models folder as the device has it."""
    return Path(shutil.copytree(TINY, tmp_path / "models", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def paths(models, *tasks):
    return {task: models / task / "model.tflite" for task in tasks}


def test_no_log_holds_no_models():
    assert compiler.parse("") == ()
    assert compiler.parse("Edge TPU Compiler version 16.0.384591198\n") == ()


def test_models_are_compiled_in_one_run_and_its_log_is_read(stand_in, models):
    contents, said = compiler.compile_together(paths(models, "face", "mask"), stand_in())
    assert {name: content[:8] for name, content in contents.items()} == {"face": b"compiled", "mask": b"compiled"}
    assert [one.name for one in said] == ["face", "mask"]
    assert (said[0].cached, said[0].remaining, said[0].streamed) == (round(2.27 * 2**20), round(1.07 * 2**20), 0)
    assert said[1].cached == round(604.5 * 2**10)
    assert said[0].operations == {compiler.MAPPED: (("ADD", 10), ("CONV_2D", 24), ("SOFTMAX", 1))}
    assert said[0].on_cpu == ()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("cpu", r"mask: 1 CONV_2D: More than one subgraph is not supported; 1 HARD_SWISH: Operation is otherwise"),
        ("crash", r"failed with exit code 1: Internal compiler error\. Aborting!"),
        ("unreadable", r"exit code 1: ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'"),
        ("silent", r"reported success and wrote no face_edgetpu\.tflite"),
        ("two", "expected one Edge TPU subgraph, got 2"),
    ],
)
def test_what_goes_wrong_is_one_line(stand_in, models, how, says):
    command = stand_in(how)
    with pytest.raises(CompilerError, match=says) as caught:
        compiler.compile_together(paths(models, "face", "mask"), command)
    assert "\n" not in str(caught.value)


def test_a_compiler_that_hangs_is_given_up(stand_in, models):
    command = stand_in("hang")
    with pytest.raises(CompilerError, match=r"no answer within 0\.5 s"):
        compiler.compile_together(paths(models, "face"), command, timeout_s=0.5)


LOG = """Edge TPU Compiler version 16.0.384591198

Model compiled successfully in 3388 ms.

Input model: resnet18/model_full_integer_quant.tflite
Input size: 13.35MiB
Output model: resnet18/model_full_integer_quant_edgetpu.tflite
Output size: 13.79MiB
On-chip memory used for caching model parameters: 6.15MiB
On-chip memory remaining for caching model parameters: 5.75KiB
Off-chip memory used for streaming uncached model parameters: 7.03MiB
Number of Edge TPU subgraphs: 1
Total number of operations: 84
Operation log: resnet18/model_full_integer_quant_edgetpu.log

Model successfully compiled but not all operations are supported by the Edge TPU.
Number of operations that will run on Edge TPU: 78
Number of operations that will run on CPU: 6

Operator                       Count      Status

CONV_2D                        1          More than one subgraph is not supported
CONV_2D                        32         Mapped to Edge TPU
QUANTIZE                       2          Operation is otherwise supported, but not mapped due to some unspecified limitation
"""  # noqa: E501


def test_a_published_log_is_read_whole():
    (one,) = compiler.parse(LOG)
    assert one.name == "model_full_integer_quant"
    assert one.streamed == round(7.03 * 2**20)
    assert one.operations[compiler.MAPPED] == (("CONV_2D", 32),)
    assert one.on_cpu == (
        "1 CONV_2D: More than one subgraph is not supported",
        "2 QUANTIZE: Operation is otherwise supported, but not mapped due to some unspecified limitation",
    )


@pytest.mark.parametrize("cut", ["On-chip memory used", "On-chip memory remaining", "Off-chip memory", "Operator   "])
def test_a_log_of_another_form_is_not_taken_for_good(cut):
    log = "\n".join(line for line in LOG.splitlines() if not line.startswith(cut))
    with pytest.raises(CompilerError, match=r"is this compiler 16\.0"):
        compiler.parse(log)


def test_absent_it_says_where_to_get_it(models, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    before = (models / "manifest.json").read_bytes()
    assert main(["tpu-compile", str(models)]) == 1
    out, err = capsys.readouterr()
    assert "KiB of parameters" in out
    assert err.count("\n") == 1
    assert "Debian" in err
    assert "x86-64" in err
    assert "coral.ai/docs/edgetpu/compiler" in err
    assert (models / "manifest.json").read_bytes() == before


def test_a_wrong_command_is_named(models, capsys):
    assert main(["tpu-compile", str(models), "--compiler", "/nowhere/compiler"]) == 1
    assert "/nowhere/compiler: no such command; fix --compiler" in capsys.readouterr().err


def test_the_command_enters_the_compiled_variants(stand_in, models, capsys):
    stand_in()
    assert main(["tpu-compile", str(models)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "face: all operations mapped, 2324 KiB in the Edge TPU's memory" in out
    listed = manifest.load(models)
    for task in ("face", "mask", "emotion-bare", "emotion-masked"):
        path = listed.path(task, edgetpu=True)
        assert path == models / task / "model_edgetpu.tflite"
        assert listed[task].edgetpu_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert listed.path(task).read_bytes() == (TINY / task / "model.tflite").read_bytes()


def meanwhile(monkeypatch, change):
    """Let something happen while the models are compiled."""
    whole = compiler.compile_together

    def compile_together(*given):
        compiled = whole(*given)
        change()
        return compiled

    monkeypatch.setattr(compiler, "compile_together", compile_together)


def test_what_a_conversion_enters_meanwhile_stays_in_the_manifest(stand_in, models, monkeypatch):
    stand_in()
    listed = manifest.load(models)
    manifest.save(models, {task: spec for task, spec in listed.specs.items() if task != "emotion-bare"})
    meanwhile(monkeypatch, lambda: manifest.save(models, listed.specs))
    assert main(["tpu-compile", str(models)]) == 0
    found = manifest.load(models)
    assert set(found.specs) == set(listed.specs)
    assert found["mask"].edgetpu


def test_a_model_that_is_replaced_meanwhile_keeps_its_entry(stand_in, models, monkeypatch, capsys):
    stand_in()
    listed = manifest.load(models)
    changed = {**listed.specs, "mask": replace(listed["mask"], sha256="0" * 64)}
    meanwhile(monkeypatch, lambda: manifest.save(models, changed))
    assert main(["tpu-compile", str(models)]) == 1
    assert "model.tflite: was replaced while it was compiled; run this command again" in capsys.readouterr().err
    assert not manifest.load(models)["face"].edgetpu


def test_the_manifest_is_written_while_no_conversion_writes_it(stand_in, models, monkeypatch):
    stand_in()
    write_all, seen = publish.write_all, []

    def alone(files):
        with pytest.raises(InUse), alone_in(models, wait=False):
            pass
        seen.extend(files)
        write_all(files)

    monkeypatch.setattr(publish, "write_all", alone)
    assert main(["tpu-compile", str(models)]) == 0
    assert seen[-1] == models / "manifest.json"


def test_what_does_not_fit_is_said(stand_in, models, capsys):
    stand_in("streamed")
    assert main(["tpu-compile", str(models)]) == 0
    last = capsys.readouterr().out.splitlines()[4]
    assert last.startswith("emotion-masked: all operations mapped")
    assert last.endswith("3533 KiB sent anew for every run")


@pytest.mark.parametrize("how", ["cpu", "crash", "silent"])
def test_a_failed_compilation_leaves_the_folder_as_it_was(stand_in, models, capsys, how):
    stand_in(how)
    before = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    assert main(["tpu-compile", str(models)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == before


def test_a_model_that_would_not_be_mapped_is_refused_before_compiling(stand_in, models, capsys):
    stand_in()
    listed = manifest.load(models)
    content = broken(models / "mask" / "model.tflite")
    (models / "mask" / "model.tflite").write_bytes(content)
    spec = replace(listed["mask"], sha256=hashlib.sha256(content).hexdigest())
    manifest.save(models, {**listed.specs, "mask": spec})
    assert main(["tpu-compile", str(models)]) == 1
    assert "mask: SOFTMAX" in capsys.readouterr().err


def broken(path: Path) -> bytes:
    """The model with a version of SOFTMAX that no compiler knows."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    for code in model.operatorCodes:
        if max(code.builtinCode, code.deprecatedBuiltinCode) == 25:
            code.version = 99
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
