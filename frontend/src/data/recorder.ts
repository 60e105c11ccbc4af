/** How the recorder is, and what its database holds. */

export interface Info {
  recording: boolean;
  backlog: number;
  max_backlog: number;
  migration_in_progress: boolean;
  state: string;
  reason: string | null;
  dialect: string;
  dropped: number;
  size: number | null;
  /** Epoch seconds. */
  oldest: number | null;
  last_flush: number | null;
}

export interface Usage {
  size: number;
  free: number | null;
  disk_free: number | null;
  limit: number | null;
  oldest: number | null;
  tables: Record<string, number>;
  entities: { entity_id: string; rows: number; bytes: number; per_day: number | null; policy: string | null }[];
}
