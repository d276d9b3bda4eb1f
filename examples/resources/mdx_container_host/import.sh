# By login user, address and SSH port. Without a user it is mdxuser; without a port 20022 is tried, then 22.
terraform import mdx_container_host.node mdxuser@10.0.0.20:20022
terraform import mdx_container_host.node 10.0.0.20
