terraform {
  required_version = ">= 1.10"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = {
      Project   = "martlet"
      Cluster   = var.cluster
      ManagedBy = "terraform"
    }
  }
}
