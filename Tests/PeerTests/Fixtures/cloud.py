# SPDX-License-Identifier: Apache-2.0
"""An OpenStack cloud on loopback, in a directory of its own: Keystone and Heat with SQLite, Zaqar with Redis.

cloud.py DIRECTORY prints what a client has to know as a line of JSON, and ends, with all that it started, when its
standard input does.
"""
import json
import os
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.dirname(sys.executable)
PASSWORD = "an administrator's password"
children = []


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr)


def start(*words):
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    children.append(child)
    return child


def serve(kind, config):
    line = start(sys.executable, f"{HERE}/service.py", kind, config).stdout.readline()
    if not line:
        sys.exit(f"{kind} does not start")
    return json.loads(line)


def call(method, url, body=None, token=None):
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["X-Auth-Token"] = token
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
        return answer.headers, json.loads(answer.read() or b"null")


def authentication(group, url):
    return f"""
[{group}]
auth_type = password
auth_url = {url}
www_authenticate_uri = {url}
endpoint_override = {url}
username = admin
password = {PASSWORD}
project_name = admin
user_domain_id = default
project_domain_id = default
# A token that was revoked is refused at once.
token_cache_time = -1
"""


def make_keystone(base):
    for name in ("fernet", "credential"):
        os.makedirs(f"{base}/{name}", mode=0o700, exist_ok=True)
    config = write(f"{base}/keystone.conf", f"""
[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///{base}/keystone.db
[fernet_tokens]
key_repository = {base}/fernet
[credential]
key_repository = {base}/credential
""")
    manage = (f"{BIN}/keystone-manage", "--config-file", config)
    run(*manage, "db_sync")
    for name in ("fernet_setup", "credential_setup"):
        run(*manage, name, "--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid()))
    url = f"http://127.0.0.1:{serve('keystone', config)['keystone']}"
    interfaces = [word for name in ("public", "internal", "admin") for word in (f"--bootstrap-{name}-url", f"{url}/v3")]
    run(*manage, "bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", "R1", *interfaces)
    return url


def log_in(url):
    user = {"name": "admin", "domain": {"id": "default"}, "password": PASSWORD}
    project = {"name": "admin", "domain": {"id": "default"}}
    headers, answer = call("POST", f"{url}/v3/auth/tokens", {"auth": {
        "identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}})
    return headers["X-Subject-Token"], answer["token"]


def register(url, token, kind, name, endpoint):
    _, service = call("POST", f"{url}/v3/services", {"service": {"type": kind, "name": name}}, token)
    call("POST", f"{url}/v3/endpoints", {"endpoint": {
        "interface": "public", "region_id": "R1", "service_id": service["service"]["id"], "url": endpoint}}, token)


def make_zaqar(base, url):
    redis = start("setpriv", "--pdeathsig", "KILL", "redis-server", "--port", "0", "--unixsocket", f"{base}/redis", "--save", "", "--dir", base)
    while not os.path.exists(f"{base}/redis"):
        if redis.poll() is not None:
            sys.exit("redis does not start")
        time.sleep(0.01)
    return serve("zaqar", write(f"{base}/zaqar.conf", f"""
[DEFAULT]
auth_strategy = keystone
unreliable = true
[drivers]
transport = wsgi
message_store = redis
management_store = redis
[drivers:message_store:redis]
uri = redis:{base}/redis
[drivers:management_store:redis]
uri = redis:{base}/redis
[signed_url]
secret_key = key
""" + authentication("keystone_authtoken", url)))["zaqar"]


def make_heat(base, url):
    paste = f"{os.path.dirname(BIN)}/etc/heat/api-paste.ini"
    config = write(f"{base}/heat.conf", f"""
[DEFAULT]
transport_url = fake://
auth_encryption_key = 0123456789abcdef0123456789abcdef
num_engine_workers = 1
environment_dir = {base}/none
template_dir = {base}/none
[database]
connection = sqlite:///{base}/heat.db
[clients_keystone]
auth_uri = {url}
[oslo_policy]
enforce_scope = false
enforce_new_defaults = false
[paste_deploy]
api_paste_config = {paste}
""" + authentication("keystone_authtoken", url) + authentication("ec2authtoken", url) + authentication("trustee", url))
    run(f"{BIN}/heat-manage", "--config-file", config, "db_sync")
    return serve("heat", config)


def make_stack(endpoint, token):
    metadata = {"from": "heat", "deployments": [{"name": "deployed", "config": {"x": 2}}]}
    template = {"heat_template_version": "2018-08-31",
                "resources": {"web": {"type": "OS::Heat::RandomString", "metadata": metadata}}}
    _, answer = call("POST", f"{endpoint}/stacks", {"stack_name": "st", "template": template}, token)
    where = answer["stack"]["links"][0]["href"]
    for _ in range(300):
        status = call("GET", where, token=token)[1]["stack"]["stack_status"]
        if status != "CREATE_IN_PROGRESS":
            break
        time.sleep(0.1)
    if status != "CREATE_COMPLETE":
        sys.exit(f"the stack is {status}")
    return answer["stack"]["id"]


def make(base):
    url = make_keystone(base)
    token, account = log_in(url)
    user, project = account["user"]["id"], account["project"]["id"]
    zaqar = f"http://127.0.0.1:{make_zaqar(base, url)}"
    heat = make_heat(base, url)
    orchestration = f"http://127.0.0.1:{heat['heat-api']}/v1/{project}"
    register(url, token, "messaging", "zaqar", zaqar)
    register(url, token, "orchestration", "heat", orchestration)
    _, keys = call("POST", f"{url}/v3/users/{user}/credentials/OS-EC2", {"tenant_id": project}, token)
    return {
        "keystone": url, "user": user, "project": project, "password": PASSWORD, "token": token,
        "zaqar": zaqar, "heat": orchestration, "cfn": f"http://127.0.0.1:{heat['heat-api-cfn']}/v1/",
        "access_key": keys["credential"]["access"], "secret_key": keys["credential"]["secret"],
        "stack": make_stack(orchestration, token),
    }


def main():
    try:
        print(json.dumps(make(os.path.abspath(sys.argv[1]))), flush=True)
        sys.stdin.read()
    finally:
        for child in reversed(children):
            child.terminate()
            child.wait()


main()
