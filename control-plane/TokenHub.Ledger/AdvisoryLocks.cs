namespace TokenHub.Ledger;

/// <summary>
/// Numbers of PostgreSQL's advisory locks, all of them here: two tasks with one number would keep each other out.
/// </summary>
public static class AdvisoryLocks
{
    public const string Migrations = "7306583640001";
    public const string GatewayNumbers = "7306583640002";
    public const string Reaper = "7306583640003";
    public const string RedisWatch = "7306583640004";
    public const string Sealer = "7306583640005";
    public const string ChannelProbes = "7306583640006";
    public const string FirstAdmin = "7306583640010";
}
