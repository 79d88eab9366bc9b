# What the cluster itself runs: network (with NetworkPolicies enforced), names, volumes and snapshots of them, metrics.

data "aws_iam_policy_document" "assume_ebs" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.this.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = ["system:serviceaccount:kube-system:ebs-csi-controller-sa"]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

locals {
  # The issuer without its scheme: how IAM names the keys of a condition.
  issuer = trimprefix(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://")
  addon_settings = {
    # Without it NetworkPolicies are accepted and do nothing.
    vpc-cni = { enableNetworkPolicy = "true" }
  }
}

resource "aws_iam_role" "ebs" {
  name               = "${var.name}-ebs-csi"
  assume_role_policy = data.aws_iam_policy_document.assume_ebs.json
}

resource "aws_iam_role_policy_attachment" "ebs" {
  role       = aws_iam_role.ebs.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
}

resource "aws_eks_addon" "this" {
  for_each = var.addons

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = each.value == "" ? null : each.value
  service_account_role_arn    = each.key == "aws-ebs-csi-driver" ? aws_iam_role.ebs.arn : null
  configuration_values        = contains(keys(local.addon_settings), each.key) ? jsonencode(local.addon_settings[each.key]) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  # Names and volumes are pods: they need nodes.
  depends_on = [aws_eks_node_group.this, aws_iam_role_policy_attachment.ebs]
}
