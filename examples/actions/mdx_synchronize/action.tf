# terraform apply -invoke=action.mdx_synchronize.now
action "mdx_synchronize" "now" {
  config {}
}
