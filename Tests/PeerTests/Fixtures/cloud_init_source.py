# SPDX-License-Identifier: Apache-2.0
"""Reads one of cloud-init's sources as the machine would at its first boot, and prints what it has found.

cloud_init_source.py SOURCE DIRECTORY

What tells the kind of machine from its firmware is answered here: this machine is another kind.
"""
import json
import sys

from cloudinit import distros, helpers
from cloudinit.sources import DataSourceEc2, DataSourceNoCloud, DataSourceOpenStack

name, directory = sys.argv[1:]
paths = helpers.Paths({"cloud_dir": directory, "run_dir": directory + "/run", "templates_dir": directory})
distro = distros.fetch("debian")("debian", {}, paths)
timing = {"timeout": 10, "max_wait": 20, "retries": 0}
settings = {"datasource": {"Ec2": timing, "OpenStack": timing}, "datasource_list": [name]}

if name == "Ec2":
    DataSourceEc2.identify_platform = lambda: DataSourceEc2.CloudNames.AWS
    source = DataSourceEc2.DataSourceEc2(settings, distro, paths)
    source.perform_dhcp_setup = False
elif name == "OpenStack":
    DataSourceOpenStack.detect_openstack = lambda accept_oracle=False: True
    source = DataSourceOpenStack.DataSourceOpenStack(settings, distro, paths)
else:
    source = DataSourceNoCloud.DataSourceNoCloudNet(settings, distro, paths)

found = source.get_data()
user_data = source.get_userdata_raw()
print(json.dumps({
    "found": found,
    "instance-id": source.get_instance_id(),
    "hostname": str(source.get_hostname()),
    "keys": source.get_public_ssh_keys(),
    "user-data": user_data.decode() if isinstance(user_data, bytes) else user_data,
    "network": bool(source.network_config),
}))
