namespace TokenHub.Ledger.Draining;

/// <summary>Attempts turned into one array for each of their parameters of the function <c>ingest_usage</c>.</summary>
internal sealed class AttemptColumns(IReadOnlyList<PostedAttempt> attempts)
{
    public Guid[] Rid => Column(a => a.RequestId.ToGuid());
    public short[] No => Column(a => a.No);
    public long[] Channel => Column(a => a.Attempt.Channel);
    public long[] Owner => Column(a => a.Owner);
    public long[] Price => Column(a => a.Attempt.PriceVersion);
    public int[] Status => Column(a => a.Attempt.Status);
    public short[] Fault => Column(a => (short)a.Attempt.Fault);
    public short[] Outcome => Column(a => (short)a.Attempt.Outcome);
    public int[] ElapsedMs => Column(a => a.Attempt.ElapsedMs);
    public bool[] IsCounted => Column(a => a.Attempt.IsCounted);
    public long[] Input => Column(a => a.Attempt.Usage.Input);
    public long[] CacheRead => Column(a => a.Attempt.Usage.CacheRead);
    public long[] CacheWrite5m => Column(a => a.Attempt.Usage.CacheWrite5m);
    public long[] CacheWrite1h => Column(a => a.Attempt.Usage.CacheWrite1h);
    public long[] CacheWriteOther => Column(a => a.Attempt.Usage.CacheWriteOther);
    public long[] Output => Column(a => a.Attempt.Usage.Output);
    public long[] Reasoning => Column(a => a.Attempt.Usage.Reasoning);
    public long[] ToolUsePrompt => Column(a => a.Attempt.Usage.ToolUsePrompt);
    public long[] Cost => Column(a => a.Cost.Units);
    public long[] Charge => Column(a => a.Charge.Units);
    public int[] FirstTokenMs => Column(a => a.Attempt.FirstTokenMs);
    public long[] Images => Column(a => a.Attempt.Usage.Media.Images);
    public long[] AudioMs => Column(a => a.Attempt.Usage.Media.AudioMs);
    public long[] Characters => Column(a => a.Attempt.Usage.Media.Characters);

    private T[] Column<T>(Func<PostedAttempt, T> value)
    {
        var column = new T[attempts.Count];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = value(attempts[i]);
        }

        return column;
    }
}
