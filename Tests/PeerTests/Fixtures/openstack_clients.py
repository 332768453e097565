# SPDX-License-Identifier: Apache-2.0
"""Asks a metadata server with the clients that OpenStack and AWS publish, and prints what they were told.

openstack_clients.py ADDRESS DEPLOYMENT QUEUE
"""
import json
import sys

import boto3
from botocore.exceptions import ClientError
from heatclient import client as heat_client
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3
from zaqarclient.queues import client as zaqar_client

address, deployment, queue = sys.argv[1:]
told = {}

auth = v3.Password(auth_url=address + "/v3", user_id="ab12", password="pw", project_id="pr")
keystone = session.Session(auth=auth)
told["versions"] = keystone.get_endpoint_data(service_type="identity").api_version
told["endpoint"] = keystone.get_endpoint(service_type="orchestration")

heat = heat_client.Client("1", session=keystone)
told["stacks"] = [stack.stack_name for stack in heat.stacks.list()]
told["stack"] = heat.stacks.get("st").identifier
told["resources"] = sorted(resource.resource_name for resource in heat.resources.list("st"))
told["type"] = heat.resources.get("st/1234", "res").resource_type
told["metadata"] = heat.resources.metadata("st/1234", "res")
told["by name"] = heat.resources.metadata("st", "res") == told["metadata"]
heat.resources.signal("st/1234", deployment, data={"deploy_status_code": 0, "deploy_stdout": "heat"})
try:
    heat.resources.metadata("other/1234", "res")
    told["another stack"] = "found"
except Exception as error:
    told["another stack"] = type(error).__name__
try:
    v3.Password(auth_url=address + "/v3", user_id="ab12", password="no", project_id="pr").get_token(
        session.Session())
    told["wrong password"] = "taken"
except exceptions.Unauthorized:
    told["wrong password"] = "Unauthorized"

options = {"backend": "keystone", "options": {
    "os_auth_token": keystone.get_token(), "os_auth_url": address + "/v3", "os_project_id": "pr",
    "insecure": ""}}
zaqar = zaqar_client.Client(address, conf={"auth_opts": options}, version=2)
zaqar.queue(queue, auto_create=False).post({"body": {"deploy_status_code": 1}, "ttl": 600})


def cloud_formation(secret):
    return boto3.client(
        "cloudformation", endpoint_url=address, region_name="us-east-1", aws_access_key_id="AK",
        aws_secret_access_key=secret)


aws = cloud_formation("SK")
detail = aws.describe_stack_resource(StackName="st", LogicalResourceId="res")["StackResourceDetail"]
told["cfn"] = json.loads(detail["Metadata"]) == told["metadata"]
aws.signal_resource(StackName="st", LogicalResourceId="ready", UniqueId="1", Status="SUCCESS")
try:
    cloud_formation("no").describe_stack_resource(StackName="st", LogicalResourceId="res")
except ClientError as error:
    told["wrong secret"] = error.response["Error"]["Code"]

print(json.dumps(told))
