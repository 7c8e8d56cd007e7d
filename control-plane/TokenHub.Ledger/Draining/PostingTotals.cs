using TokenHub.Core.Money;

namespace TokenHub.Ledger.Draining;

/// <summary>A row of the function <c>ingest_usage</c>; <see cref="What"/> says of which kind.</summary>
internal sealed record IngestRow(short What, long Id, long Units, long Version)
{
    public const short Added = 0;
    public const short Account = 1;
    public const short Key = 2;
    public const short Conflict = 3;
}

/// <summary>
/// What the transactions of one batch came to. When a batch was halved, the newest version of a row counts.
/// </summary>
internal sealed class PostingTotals
{
    private readonly Dictionary<long, AccountStand> _accounts = [];
    private readonly Dictionary<long, KeyStand> _keys = [];

    public int Added { get; private set; }

    public IReadOnlyList<AccountStand> Accounts => [.. _accounts.Values];

    public IReadOnlyList<KeyStand> Keys => [.. _keys.Values];

    public void Add(IReadOnlyList<LogEntry> entries, IReadOnlyList<IngestRow> rows)
    {
        foreach (var row in rows)
        {
            switch (row.What)
            {
                case IngestRow.Added:
                    Added += (int)row.Units;
                    break;
                case IngestRow.Account when !_accounts.TryGetValue(row.Id, out var old) || old.Version <= row.Version:
                    _accounts[row.Id] = new AccountStand(row.Id, new Usd(row.Units), row.Version);
                    break;
                case IngestRow.Key when !_keys.TryGetValue(row.Id, out var old) || old.Version <= row.Version:
                    _keys[row.Id] = new KeyStand(row.Id, new Usd(row.Units), row.Version);
                    break;
                case IngestRow.Conflict:
                    entries[(int)row.Id - 1].Fault = "request id is posted with another account or cost";
                    break;
            }
        }
    }
}
