# By the public address, or by the rule's id.
terraform import mdx_dnat.web 203.0.113.10
