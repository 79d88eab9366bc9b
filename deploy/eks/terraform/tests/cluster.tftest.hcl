# What an imitation of AWS does not know (add-ons), and what must hold whatever the provider says.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_eks_cluster" {
    defaults = { identity = [{ oidc = [{ issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/ABC" }] }] }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABC" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/of-the-mock" }
  }
  mock_resource "aws_eks_access_entry" {
    defaults = { principal_arn = "arn:aws:iam::123456789012:role/admin" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
  }
}

variables {
  cluster            = "iots6-nonprod"
  region             = "eu-central-1"
  environments       = ["iots6-dev", "iots6-staging"]
  availability_zones = ["eu-central-1a", "eu-central-1b"]
  admin_cidrs        = ["198.51.100.0/28"]
  admin_role_arns    = ["arn:aws:iam::123456789012:role/admin"]
  node_groups        = { general = { instance_types = ["t3.large"], minimum = 2, maximum = 4 } }
}

run "the_cluster_is_closed_encrypted_and_logged" {
  command = apply
  module {
    source = "./modules/cluster"
  }
  variables {
    name                = "iots6-nonprod"
    kubernetes_version  = "1.33"
    subnet_ids          = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    public_access_cidrs = ["198.51.100.0/28"]
    addons              = { vpc-cni = "", coredns = "v1.11.4-eksbuild.2", aws-ebs-csi-driver = "" }
    node_groups         = { general = { instance_types = ["t3.large"], minimum = 2, maximum = 4, disk_gb = 40, labels = {} } }
  }
  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "whoever creates the cluster would be its administrator"
  }
  assert {
    condition     = length(aws_eks_access_entry.admin) == 1 && endswith(aws_eks_access_policy_association.admin["arn:aws:iam::123456789012:role/admin"].policy_arn, "/AmazonEKSClusterAdminPolicy")
    error_message = "the administrators could not enter"
  }
  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].resources == toset(["secrets"])
    error_message = "secrets are not encrypted"
  }
  assert {
    condition     = contains(aws_eks_cluster.this.enabled_cluster_log_types, "audit")
    error_message = "nobody could say who did what"
  }
  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["198.51.100.0/28"])
    error_message = "the API server answers others than it was told"
  }
  assert {
    condition     = jsondecode(aws_eks_addon.this["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "NetworkPolicies would be accepted and do nothing"
  }
  assert {
    condition     = aws_eks_addon.this["aws-ebs-csi-driver"].service_account_role_arn != null && aws_eks_addon.this["coredns"].addon_version == "v1.11.4-eksbuild.2"
    error_message = "the volume driver has no role, or a version that was said is not taken"
  }
  assert {
    condition     = alltrue([for template in aws_launch_template.node : template.metadata_options[0].http_tokens == "required" && template.metadata_options[0].http_put_response_hop_limit == 1])
    error_message = "pods reach the node's rights through its metadata"
  }
  assert {
    condition     = alltrue([for template in aws_launch_template.node : template.block_device_mappings[0].ebs[0].encrypted == "true"])
    error_message = "a node's disk is not encrypted"
  }
}

run "without_admin_networks_the_api_is_private" {
  command = plan
  module {
    source = "./modules/cluster"
  }
  variables {
    name                = "iots6-nonprod"
    kubernetes_version  = "1.33"
    subnet_ids          = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    public_access_cidrs = []
    addons              = {}
    node_groups         = { general = { instance_types = ["t3.large"], minimum = 2, maximum = 4, disk_gb = 40, labels = {} } }
  }
  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].endpoint_private_access
    error_message = "the API server is public"
  }
}

run "an_environment_reads_its_own_parameters_alone" {
  command = plan
  module {
    source = "./modules/environment"
  }
  variables {
    name        = "iots6-dev"
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    oidc        = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/issuer", issuer = "issuer" }
  }
  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.read.statement : alltrue([for resource in statement.resources : resource == var.kms_key_arn || endswith(resource, ":parameter/martlet/iots6-dev/*")])])
    error_message = "more than its own parameters and the key they are encrypted with"
  }
  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.read.statement : alltrue([for action in statement.actions : !strcontains(action, "*") && !strcontains(action, "Put")])])
    error_message = "more than reading"
  }
  assert {
    condition     = contains(flatten([for condition in data.aws_iam_policy_document.assume.statement[0].condition : condition.values]), "system:serviceaccount:iots6-dev:external-secrets")
    error_message = "others than this namespace's service account take the role"
  }
  assert {
    condition     = alltrue([for parameter in aws_ssm_parameter.secret : parameter.type == "SecureString"])
    error_message = "a parameter is not encrypted"
  }
}

run "every_zone_has_a_way_out_that_does_not_cross_another" {
  command = plan
  module {
    source = "./modules/network"
  }
  variables {
    name         = "iots6-prod"
    vpc_cidr     = "10.96.0.0/16"
    nat_per_zone = true
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 2 && length(distinct([for subnet in aws_subnet.private : subnet.cidr_block])) == 2
    error_message = "a zone without a NAT gateway of its own"
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "whatever starts in a public subnet gets a public address"
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.tags["kubernetes.io/role/internal-elb"] == "1"])
    error_message = "the load balancer controller finds no subnet"
  }
}

run "the_balancer_controller_changes_its_own_cluster_alone" {
  command = plan
  module {
    source = "./modules/access"
  }
  variables {
    vpc_id = "vpc-0123456789abcdef0"
    oidc   = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/issuer", issuer = "issuer" }
  }
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.controller.statement :
      !contains(statement.resources, "*") || alltrue([for action in statement.actions : strcontains(action, ":Describe")])
    ])
    error_message = "something other than looking is allowed on every resource"
  }
}
