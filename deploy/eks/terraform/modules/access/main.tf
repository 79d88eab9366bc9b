# What the AWS load balancer controller may do: network load balancers for this cluster's Services, and nothing else. The
# controller's own published policy also knows application balancers, WAF, Shield and Cognito: none of it is used here.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  region    = data.aws_region.current.name
  account   = data.aws_caller_identity.current.account_id
  balancing = "arn:${data.aws_partition.current.partition}:elasticloadbalancing:${local.region}:${local.account}"
  compute   = "arn:${data.aws_partition.current.partition}:ec2:${local.region}:${local.account}"
  # The tag that the controller puts on whatever it makes.
  tag = "elbv2.k8s.aws/cluster"
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [var.oidc.provider_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${var.oidc.issuer}:sub"
      values   = ["system:serviceaccount:kube-system:aws-load-balancer-controller"]
    }
    condition {
      test     = "StringEquals"
      variable = "${var.oidc.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "controller" {
  #checkov:skip=CKV_AWS_356:Describe actions know no resource
  statement {
    sid = "Look"
    actions = [
      "ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeAvailabilityZones", "ec2:DescribeInstances",
      "ec2:DescribeInternetGateways", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
      "ec2:DescribeTags", "ec2:DescribeVpcs", "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeLoadBalancerAttributes",
      "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
    ]
    resources = ["*"]
  }
  statement {
    sid       = "MakeOwnBalancers"
    actions   = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
    resources = ["${local.balancing}:loadbalancer/net/*", "${local.balancing}:targetgroup/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.tag}"
      values   = [var.cluster]
    }
  }
  statement {
    sid     = "TagWhatIsBeingMade"
    actions = ["elasticloadbalancing:AddTags"]
    resources = [
      "${local.balancing}:loadbalancer/net/*", "${local.balancing}:targetgroup/*", "${local.balancing}:listener/net/*",
    ]
    condition {
      test     = "StringEquals"
      variable = "elasticloadbalancing:CreateAction"
      values   = ["CreateTargetGroup", "CreateLoadBalancer", "CreateListener"]
    }
  }
  statement {
    sid = "ChangeOwnBalancers"
    actions = [
      "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags", "elasticloadbalancing:CreateListener",
      "elasticloadbalancing:DeleteListener", "elasticloadbalancing:ModifyListener",
      "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:DeleteLoadBalancer",
      "elasticloadbalancing:DeleteTargetGroup", "elasticloadbalancing:DeregisterTargets",
      "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:ModifyTargetGroup",
      "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:RegisterTargets",
      "elasticloadbalancing:SetIpAddressType", "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
    ]
    resources = [
      "${local.balancing}:loadbalancer/net/*", "${local.balancing}:targetgroup/*", "${local.balancing}:listener/net/*",
    ]
    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.tag}"
      values   = [var.cluster]
    }
  }
  statement {
    sid       = "MakeGroupsInOwnNetwork"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["${local.compute}:vpc/${var.vpc_id}"]
  }
  statement {
    sid       = "MakeOwnGroups"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["${local.compute}:security-group/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.tag}"
      values   = [var.cluster]
    }
  }
  statement {
    sid       = "TagGroupsBeingMade"
    actions   = ["ec2:CreateTags"]
    resources = ["${local.compute}:security-group/*"]
    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateSecurityGroup"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.tag}"
      values   = [var.cluster]
    }
  }
  statement {
    sid = "ChangeOwnGroups"
    actions = [
      "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:DeleteSecurityGroup", "ec2:CreateTags",
      "ec2:DeleteTags",
    ]
    resources = ["${local.compute}:security-group/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.tag}"
      values   = [var.cluster]
    }
  }
  # The nodes' group, which EKS made and marked as this cluster's: balancers are let in to it.
  statement {
    sid       = "LetBalancersIn"
    actions   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    resources = ["${local.compute}:security-group/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/aws:eks:cluster-name"
      values   = [var.cluster]
    }
  }
}

resource "aws_iam_role" "controller" {
  name               = "${var.cluster}-load-balancer-controller"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "controller" {
  name   = "network-load-balancers"
  role   = aws_iam_role.controller.id
  policy = data.aws_iam_policy_document.controller.json
}
