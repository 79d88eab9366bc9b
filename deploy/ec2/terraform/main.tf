# One machine for the whole system: network, address, encrypted disk, secrets, backups. Ansible does the rest.

locals {
  name           = var.environment
  parameter_path = "/martlet/${var.environment}"
}

module "network" {
  source = "./modules/network"

  name         = local.name
  vpc_id       = var.vpc_id
  subnet_id    = var.subnet_id
  vpc_cidr     = var.vpc_cidr
  device_cidrs = var.device_cidrs
  admin_cidrs  = var.admin_cidrs
  plain_mqtt   = var.plain_mqtt
}

module "secrets" {
  source = "./modules/secrets"

  name           = local.name
  parameter_path = local.parameter_path
}

module "backups" {
  source = "./modules/backups"

  name          = local.name
  kms_key_arn   = module.secrets.kms_key_arn
  backup_days   = var.backup_days
  snapshot_days = var.snapshot_days
  protect       = var.protect
}

module "instance" {
  source = "./modules/instance"

  name              = local.name
  subnet_id         = module.network.subnet_id
  security_group_id = module.network.security_group_id
  ami_id            = var.ami_id
  instance_type     = var.instance_type
  data_volume_gb    = var.data_volume_gb
  kms_key_arn       = module.secrets.kms_key_arn
  ssh_public_key    = var.ssh_public_key
  protect           = var.protect

  detailed_monitoring = var.detailed_monitoring

  parameter_path = local.parameter_path
  bucket_arn     = module.backups.bucket_arn
}

resource "aws_route53_record" "devices" {
  count = var.dns_zone_id == "" ? 0 : 1

  zone_id = var.dns_zone_id
  name    = var.dns_name
  type    = "A"
  ttl     = 300
  records = [module.instance.public_ip]
}
