# SPDX-License-Identifier: Apache-2.0
"""nginx with TLS, client certificates and HTTP/2 on a port of the kernel's choice: nginx.py DIRECTORY CERTIFICATES.

Serves DIRECTORY/www and writes a line for each request to DIRECTORY/access.log. Prints the port.
"""
import os
import socket
import sys

directory, certificates = sys.argv[1:3]
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)
port = listener.getsockname()[1]
configuration = f"{directory}/nginx.conf"
with open(configuration, "w", encoding="utf-8") as file:
    file.write(f"""
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{}}
http {{
    log_format requests '$status $server_protocol "$http_if_none_match" $ssl_client_s_dn $ssl_session_reused';
    access_log {directory}/access.log requests;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {certificates}/server.pem;
        ssl_certificate_key {certificates}/server.key;
        ssl_client_certificate {certificates}/ca.pem;
        ssl_verify_client on;
        root {directory}/www;
    }}
}}
""")
print(port, flush=True)
# As nginx hands its sockets to a new nginx: nobody else can take the port in between.
os.set_inheritable(listener.fileno(), True)
os.environ["NGINX"] = f"{listener.fileno()};"
os.execv("/usr/sbin/nginx", ["nginx", "-e", f"{directory}/error.log", "-c", configuration])
