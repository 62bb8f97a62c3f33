#!/usr/bin/env bash
# with_options(on_failure=[]) keeps the flow's hooks, while with_options(on_failure=[other]) replaces all of them.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# An empty list is the natural way to ask for none, e.g. to call a flow in a test without its notifications. It does
# nothing; and adding a hook takes away those that the flow was decorated with.
#
# Seen:
#     with_options(on_failure=[]): ['notify']
#     with_options(on_failure=[other]): ['other']
#
# Exits 0 while this is so, 1 when it has changed, 2 when it could not be tried.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
trap 'echo "could not be tried: line $LINENO" >&2; cat seen 2>/dev/null; exit 2' ERR
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
# It asks for a certifi that not every mirror has yet.
echo 'certifi>=2026.10.18' >overrides.txt
venv/bin/uv pip install --quiet --python venv --override overrides.txt \
    prefect==3.9.1 fastapi==0.150.0 starlette==1.10.0 pydantic==2.14.3 sqlalchemy==2.1.9 pydocket==0.27.0
for name in $(compgen -e PREFECT || true); do unset "$name"; done
export PATH=$work/venv/bin:$PATH PREFECT_HOME=$work/prefect PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1
export PREFECT_LOGGING_LEVEL=CRITICAL

cat >try.py <<'EOF'
from prefect import flow


def notify(flow, flow_run, state): ...
def other(flow, flow_run, state): ...


@flow(on_failure=[notify])
def render(): ...


for label, hooks in (("[]", []), ("[other]", [other])):
    made = render.with_options(on_failure=hooks)
    print(f"with_options(on_failure={label}):", [hook.__name__ for hook in made.on_failure_hooks])
EOF
python try.py >seen

cat >expected <<'EOF'
with_options(on_failure=[]): ['notify']
with_options(on_failure=[other]): ['other']
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
