"""What a minimal Home Assistant needs besides its own package: its integrations' requirements, which it would else
install at run time. Printed one a line. Computed, so that it serves every version."""

import ast
import importlib.util
import json
import pathlib
import sys

# Releases pin what has no wheel for their newest Python; voice needs a compiler and is not ours.
OVERRIDES = ("lru-dict>=1.4", *(("ciso8601>=2.3.3", "pycares<5") if sys.version_info < (3, 14) else ()))
WITHOUT = ("pymicro-vad", "pyspeex-noise")
# What configuration.yaml asks for, and what it takes to set it up; mqtt imports from hassio's requirement. And Home
# Assistant's own reader of these meters, which our simulator has to please; an old release does not have it.
WANTED = """mqtt recorder history energy logger api websocket_api config sensor binary_sensor button number
            isal hassio route_b_smart_meter""".split()


def home() -> pathlib.Path:
    return pathlib.Path(importlib.util.find_spec("homeassistant").origin).parent


def defaults() -> set[str]:
    names = set()
    for node in ast.walk(ast.parse((home() / "bootstrap.py").read_text())):
        if not isinstance(node, ast.Assign) or getattr(node.targets[0], "id", "") not in (
            "CORE_INTEGRATIONS",
            "DEFAULT_INTEGRATIONS",
            "FRONTEND_INTEGRATIONS",
        ):
            continue
        for part in ast.walk(node.value):
            if isinstance(part, ast.Constant):
                names.add(part.value)
            elif isinstance(part, ast.Name) and part.id == "BASE_PLATFORMS":
                from homeassistant.const import Platform

                names |= {platform.value for platform in Platform}
    return names


def closure() -> list[str]:
    todo, seen, requirements = {*WANTED, *defaults()}, set(), set()
    while todo:
        name = todo.pop()
        manifest = home() / "components" / name / "manifest.json"
        if name in seen or not manifest.exists():
            continue
        seen.add(name)
        data = json.loads(manifest.read_text())
        requirements |= set(data.get("requirements", []))
        todo |= set(data.get("dependencies", []))
    return sorted(one for one in requirements if not one.startswith(WITHOUT))


match sys.argv[1]:
    case "overrides":
        never = [f"{name}; python_version < '3'" for name in WITHOUT]
        print("\n".join([*OVERRIDES, *never]))
    case "closure":
        print("\n".join(closure()))
    case "constraints":
        print(home() / "package_constraints.txt")
