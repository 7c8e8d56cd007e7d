namespace TokenHub.Ledger.Draining;

/// <summary>Records turned into one array for each parameter of the function <c>ingest_usage</c>.</summary>
internal sealed class UsageColumns
{
    private readonly IReadOnlyList<LogEntry> _entries;
    private readonly AttemptColumns _attempts;

    public UsageColumns(IReadOnlyList<LogEntry> entries, int? positionGateway, long positionLsn)
    {
        _entries = entries;
        _attempts = new AttemptColumns(
            [.. entries.DistinctBy(entry => entry.Record!.RequestId).SelectMany(entry => entry.Attempts)]);
        PositionGateway = positionGateway;
        PositionLsn = positionLsn;
    }

    public int? PositionGateway { get; }
    public long PositionLsn { get; }
    public Guid[] Rid => Column(e => e.Record!.RequestId.ToGuid());
    public int[] GatewayNo => Column(e => e.Record!.RequestId.GatewayNo);
    public long[] Account => Column(e => e.Record!.Account);
    public long[] Key => Column(e => e.Record!.Key);
    public long[] Channel => Column(e => e.Record!.Channel);
    public long[] Owner => Column(e => e.Record!.OwnerAccount);
    public int[] OwnerShareBp => Column(e => e.Record!.OwnerShareBp);
    public long[] Price => Column(e => e.Record!.PriceVersion);
    public string[] Model => Column(e => Text(e.Record!.Model));
    public short[] Dialect => Column(e => (short)e.Record!.Dialect);
    public short[] Outcome => Column(e => (short)e.Record!.Outcome);
    public bool[] IsStream => Column(e => e.Record!.IsStream);
    public bool[] IsCounted => Column(e => e.Record!.IsCounted);
    public int[] Status => Column(e => e.Record!.Status);
    public DateTime[] StartedAt => Column(e => DateTime.UnixEpoch.AddMilliseconds(e.Record!.StartedMs));
    public int[] FirstTokenMs => Column(e => e.Record!.FirstTokenMs);
    public int[] DurationMs => Column(e => e.Record!.DurationMs);
    public long[] Hold => Column(e => e.Record!.Hold.Units);
    public long[] Cost => Column(e => e.Record!.Cost.Units);
    public long[] OwnerUnits => Column(e => RecordRules.OwnerPart(e.Record!).Units);
    public long[] Input => Column(e => e.Record!.Usage.Input);
    public long[] CacheRead => Column(e => e.Record!.Usage.CacheRead);
    public long[] CacheWrite5m => Column(e => e.Record!.Usage.CacheWrite5m);
    public long[] CacheWrite1h => Column(e => e.Record!.Usage.CacheWrite1h);
    public long[] CacheWriteOther => Column(e => e.Record!.Usage.CacheWriteOther);
    public long[] Output => Column(e => e.Record!.Usage.Output);
    public long[] Reasoning => Column(e => e.Record!.Usage.Reasoning);
    public long[] ToolUsePrompt => Column(e => e.Record!.Usage.ToolUsePrompt);
    public string[] UpstreamId => Column(e => Text(e.Record!.UpstreamId));
    public int[] Notes => Column(e => (int)e.Record!.Notes);
    public short[] AbortPolicy => Column(e => (short)e.Record!.AbortPolicy);
    public int[] GroupBp => Column(e => e.Record!.Factors.GroupBp);
    public int[] SurgeBp => Column(e => e.Record!.Factors.SurgeBp);
    public int[] FireSaleBp => Column(e => e.Record!.Factors.FireSaleBp);
    public string?[] Route => Column(e => RouteColumn.Write(e.Record!.Route));
    public long[] Images => Column(e => e.Record!.Usage.Media.Images);
    public long[] AudioMs => Column(e => e.Record!.Usage.Media.AudioMs);
    public long[] Characters => Column(e => e.Record!.Usage.Media.Characters);
    public short[] AttemptCount => Column(e => (short)e.Attempts.Count);
    public Guid[] AttemptRid => _attempts.Rid;
    public short[] AttemptNo => _attempts.No;
    public long[] AttemptChannel => _attempts.Channel;
    public long[] AttemptOwner => _attempts.Owner;
    public long[] AttemptPrice => _attempts.Price;
    public int[] AttemptStatus => _attempts.Status;
    public short[] AttemptFault => _attempts.Fault;
    public short[] AttemptOutcome => _attempts.Outcome;
    public int[] AttemptElapsedMs => _attempts.ElapsedMs;
    public bool[] AttemptIsCounted => _attempts.IsCounted;
    public long[] AttemptInput => _attempts.Input;
    public long[] AttemptCacheRead => _attempts.CacheRead;
    public long[] AttemptCacheWrite5m => _attempts.CacheWrite5m;
    public long[] AttemptCacheWrite1h => _attempts.CacheWrite1h;
    public long[] AttemptCacheWriteOther => _attempts.CacheWriteOther;
    public long[] AttemptOutput => _attempts.Output;
    public long[] AttemptReasoning => _attempts.Reasoning;
    public long[] AttemptToolUsePrompt => _attempts.ToolUsePrompt;
    public long[] AttemptCost => _attempts.Cost;
    public long[] AttemptCharge => _attempts.Charge;
    public int[] AttemptFirstTokenMs => _attempts.FirstTokenMs;
    public long[] AttemptImages => _attempts.Images;
    public long[] AttemptAudioMs => _attempts.AudioMs;
    public long[] AttemptCharacters => _attempts.Characters;

    private T[] Column<T>(Func<LogEntry, T> value)
    {
        var column = new T[_entries.Count];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = value(_entries[i]);
        }

        return column;
    }

    // PostgreSQL takes no NUL in a text. An upstream chooses its own ids: none of them may make a request free.
    private static string Text(string value) => value.Replace('\0', '\uFFFD');
}
