# By the segment's name or id. All rules of the segment are taken in hand: the next plan shows which of them the
# configuration does not have.
terraform import mdx_network.default default
