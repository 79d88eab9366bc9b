variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "kms_key_arn" {
  description = "What encrypts the backups."
  type        = string
}

variable "backup_days" {
  description = "How long a backup is kept."
  type        = number
}

variable "snapshot_days" {
  description = "How many daily snapshots are kept; 0: none."
  type        = number
}

variable "protect" {
  description = "Refuse to delete a bucket that has backups."
  type        = bool
}
