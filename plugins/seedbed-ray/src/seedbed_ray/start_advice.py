"""What to do if a worker can't start."""

from __future__ import annotations

_CAUSES = {
    "No module named pip": (
        "Ray copies the environment of the node, and there's no pip in it: uv makes environments without",
        "install pip there (`uv pip install pip`)",
        'or have uv do it: engine.runtime_env={"uv": [...]}, if the node has `uv` and `virtualenv`',
    ),
    "install virtualenv": (
        "install virtualenv in the environment of each node: Ray needs it for both `pip` and `uv`",
        "or install the packages themselves there, and leave engine.runtime_env out",
    ),
}

_IN_RUNTIME_ENVIRONMENT = (
    "see engine.runtime_env; what its commands printed is in Ray's logs, runtime_env_agent.log",
    "those of a Ray that is started here are kept with --set engine.folder=FOLDER (folder= in Python)",
)

_OTHERWISE = (
    "each node needs seedbed-ray and the pipeline's plugins, in the versions that are here",
    "or have Ray install them (runtime_env= in Python): "
    '--set \'engine.runtime_env={"pip": ["seedbed-ray==0.1.0"]}\'',
)


def advice_for(reason: str, *, has_runtime_env: bool) -> tuple[str, ...]:
    """Return what to do; `reason` is what Ray says, `has_runtime_env` whether it was to install something."""
    for cause, advice in _CAUSES.items():
        if cause in reason:
            return advice
    return _IN_RUNTIME_ENVIRONMENT if has_runtime_env and "runtime environment" in reason else _OTHERWISE
