/** The configuration file as the specification prints it, character for character: it must start the server as it stands. */
export const SPECIFIED_FILE = `{
  "global": {
    "port": 8080,
    // Connection Pool Settings
    "maxConnectionsPerServer": 50, "maxConcurrentRequestsPerUser": 10, "maxTotalConnections": 500, "queueMaxSize": 1000,
    // Rate Limiting
    "rateLimitTokens": 100, "perUserLimit": 10, "perServerLimit": 50, "enableAdaptiveRateLimit": true,
    // Monitoring
    "healthCheckInterval": 30000, "cpuThreshold": 80, "memoryThreshold": 85, "responseTimeThreshold": 5000
  },
  "servers": {
    "meerkats-table": {
      "enabled": true,
      "rateLimit": { "requestsPerMinute": 500, "burstSize": 1000 },
      "connectionPool": { "maxConnections": 100, "requestTimeout": 30000 }
    }
  }
}
`;
