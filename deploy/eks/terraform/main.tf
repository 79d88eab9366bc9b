# A cluster and what belongs to it. What runs inside comes from git by Argo CD (deploy/gitops), so that no state file
# knows a workload and no plan waits for a cluster to answer.

module "network" {
  source = "./modules/network"

  name               = var.cluster
  vpc_cidr           = var.vpc_cidr
  availability_zones = var.availability_zones
  nat_per_zone       = var.nat_per_zone
}

module "cluster" {
  source = "./modules/cluster"

  name                = var.cluster
  kubernetes_version  = var.kubernetes_version
  subnet_ids          = module.network.private_subnet_ids
  public_access_cidrs = var.admin_cidrs
  admin_role_arns     = var.admin_role_arns
  node_groups         = var.node_groups
  addons              = var.addons
}

module "registry" {
  source = "./modules/registry"

  name        = "${var.cluster}/martlet"
  kms_key_arn = module.cluster.kms_key_arn
  protect     = var.protect
}

module "environment" {
  source   = "./modules/environment"
  for_each = var.environments

  name        = each.value
  kms_key_arn = module.cluster.kms_key_arn
  oidc        = module.cluster.oidc
}

module "access" {
  source = "./modules/access"

  cluster = var.cluster
  vpc_id  = module.network.vpc_id
  oidc    = module.cluster.oidc
}
