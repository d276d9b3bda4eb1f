# By the segment's name or id, a slash, and the rule's id; or by the rule's id alone.
terraform import mdx_acl_rule.https default/c0ffee00-0000-4000-8000-000000000001
