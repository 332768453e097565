# SPDX-License-Identifier: Apache-2.0
"""Serves one of OpenStack's services on a port of the kernel's choice: service.py keystone|zaqar|heat CONFIG.

Heat's engine and its two interfaces share the process, and talk through its memory instead of a message broker.
Prints a line {"NAME": PORT, ...} when it listens.
"""
import json
import os
import socketserver
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def address_string(self):
        return self.client_address[0]


def keystone(config):
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = config
    from keystone.wsgi.api import application
    return {"keystone": application}


def zaqar(config):
    from oslo_config import cfg
    from oslo_log import log
    log.register_options(cfg.CONF)
    cfg.CONF(["--config-file", config], project="zaqar")
    log.setup(cfg.CONF, "zaqar")
    from zaqar import bootstrap
    return {"zaqar": bootstrap.Bootstrap(cfg.CONF).transport.app}


def heat(config):
    from oslo_service import backend
    backend.init_backend(backend.BackendType.THREADING)
    from oslo_config import cfg
    from oslo_log import log
    log.register_options(cfg.CONF)
    cfg.CONF(["--config-file", config], project="heat")
    log.setup(cfg.CONF, "heat")
    from heat.common import config as heat_config
    from heat.common import messaging
    from heat.engine import service, template
    from heat.rpc import api
    heat_config.set_config_defaults()
    messaging.setup()
    heat_config.startup_sanity_check()
    template._get_template_extension_manager()
    service.EngineService(cfg.CONF.host, api.ENGINE_TOPIC).start()
    return {name: heat_config.load_paste_app(name) for name in ("heat-api", "heat-api-cfn")}


def main():
    kind, config = sys.argv[1:3]
    # What the services print themselves goes where their logs go.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.argv = [kind]
    applications = {"keystone": keystone, "zaqar": zaqar, "heat": heat}[kind](config)
    servers = {
        name: make_server("127.0.0.1", 0, application, server_class=Server, handler_class=Handler)
        for name, application in applications.items()
    }
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({name: server.server_port for name, server in servers.items()}), file=answer, flush=True)
    # Until whoever started it ends or lets go.
    sys.stdin.read()
    os._exit(0)


main()
