#!/usr/bin/env bash
# Hooks do not see the values that the body sees: models by their aliases, futures as text, secrets as stars.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# `flow_run.parameters` is all that a hook has to tell which work the run was for. For a flow that is called in
# Python, these are not the arguments of the call but their JSON form. A hook that looks for `job["project_id"]` finds
# it for a dict and not for a model with an alias; one that needs the value of a future gets the name of a class.
#
# Seen:
#     a model, a future:
#       hook: job = {'projectId': 'p1'}
#       hook: of = '<PrefectConcurrentFuture>'
#       hook: token = '**********'
#       body: job.project_id = 'p1'
#       body: of = 'frame 3'
#       body: token = 'open sesame'
#     a dict, a value:
#       hook: job = {'project_id': 'p1'}
#       hook: of = 'frame 3'
#       hook: token = '**********'
#       body: job.project_id = 'p1'
#       body: of = 'frame 3'
#       body: token = 'open sesame'
#
# Exits 0 while this is so, 1 when it has changed, 2 when it could not be tried.
set -euo pipefail
work=$(mktemp -d)
set -m # each background job in a process group of its own
trap 'exec 2>/dev/null; for job in $(jobs -p); do kill -9 -- "-$job" || true; done; wait; rm -rf "$work"' EXIT
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
export PREFECT_RUNNER_POLL_FREQUENCY=1
port=$(python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PREFECT_API_URL=http://127.0.0.1:$port/api
prefect server start --host 127.0.0.1 --port "$port" >server.log 2>&1 &
until python -c "import urllib.request as u; u.urlopen('$PREFECT_API_URL/health')" 2>/dev/null; do
    kill -0 $! && sleep 1
done

cat >try.py <<'EOF'
from typing import Any

from prefect import flow, task
from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Job(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    project_id: str = Field(alias="projectId")


def show(flow, flow_run, state):
    for name, value in sorted(flow_run.parameters.items()):
        print(f"  hook: {name} = {value!r}")


@task
def frame():
    return "frame 3"


@flow(on_running=[show])
def render(job: Job, token: SecretStr, of: Any):
    print(f"  body: job.project_id = {job.project_id!r}")
    print(f"  body: of = {of!r}")
    print(f"  body: token = {token.get_secret_value()!r}")


@flow
def main():
    print("a model, a future:")
    render(Job(project_id="p1"), SecretStr("open sesame"), frame.submit())
    print("a dict, a value:")
    render({"project_id": "p1"}, SecretStr("open sesame"), "frame 3")


main()
EOF
python try.py >seen

cat >expected <<'EOF'
a model, a future:
  hook: job = {'projectId': 'p1'}
  hook: of = '<PrefectConcurrentFuture>'
  hook: token = '**********'
  body: job.project_id = 'p1'
  body: of = 'frame 3'
  body: token = 'open sesame'
a dict, a value:
  hook: job = {'project_id': 'p1'}
  hook: of = 'frame 3'
  hook: token = '**********'
  body: job.project_id = 'p1'
  body: of = 'frame 3'
  body: token = 'open sesame'
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
