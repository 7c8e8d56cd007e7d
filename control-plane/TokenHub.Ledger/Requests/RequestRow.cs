using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Corrections;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Prices;

namespace TokenHub.Ledger.Requests;

/// <summary>A row of <c>usage_events</c>, with its price where the query joined one.</summary>
internal sealed record RequestRow
{
    public Guid Rid { get; init; }
    public long AccountId { get; init; }
    public long KeyId { get; init; }
    public long ChannelId { get; init; }
    public long OwnerAccountId { get; init; }
    public int OwnerShareBp { get; init; }
    public string Model { get; init; } = "";
    public short Dialect { get; init; }
    public short Outcome { get; init; }
    public bool IsStream { get; init; }
    public bool IsCounted { get; init; }
    public int Status { get; init; }
    public DateTime StartedAt { get; init; }
    public int FirstTokenMs { get; init; }
    public int DurationMs { get; init; }
    public long HoldUnits { get; init; }
    public long CostUnits { get; init; }
    public long OwnerUnits { get; init; }
    public long Input { get; init; }
    public long CacheRead { get; init; }
    public long CacheWrite5m { get; init; }
    public long CacheWrite1h { get; init; }
    public long CacheWriteOther { get; init; }
    public long Output { get; init; }
    public long Reasoning { get; init; }
    public long ToolUsePrompt { get; init; }
    public long Images { get; init; }
    public long AudioMs { get; init; }
    public long Characters { get; init; }
    public int GroupBp { get; init; } = PriceFactors.Once;
    public int SurgeBp { get; init; } = PriceFactors.Once;
    public int FireSaleBp { get; init; } = PriceFactors.Once;
    public int[]? Route { get; init; }
    public string UpstreamId { get; init; } = "";
    public string Attempts { get; init; } = "[]";
    public int? AttemptCount { get; init; }
    public int Notes { get; init; }
    public short AbortPolicy { get; init; }
    public DateTime SettledAt { get; init; }
    public long? PriceId { get; init; }
    public long PriceInput { get; init; }
    public long PriceOutput { get; init; }
    public long? PriceCacheRead { get; init; }
    public long? PriceCacheWrite5m { get; init; }
    public long? PriceCacheWrite1h { get; init; }
    public long? PriceImage { get; init; }
    public long? PriceAudioMinute { get; init; }
    public long? PriceCharacters { get; init; }
    public long[]? PriceList { get; init; }

    public TokenUsage Usage => new()
    {
        Input = Input,
        CacheRead = CacheRead,
        CacheWrite5m = CacheWrite5m,
        CacheWrite1h = CacheWrite1h,
        CacheWriteOther = CacheWriteOther,
        Output = Output,
        Reasoning = Reasoning,
        ToolUsePrompt = ToolUsePrompt,
        Media = new MediaUnits(Images, AudioMs, Characters),
    };

    public Tariff? Tariff => PriceId is not { } id
        ? null
        : new PriceEntry
        {
            Id = id,
            Model = Model,
            Input = PriceInput,
            Output = PriceOutput,
            CacheRead = PriceCacheRead,
            CacheWrite5m = PriceCacheWrite5m,
            CacheWrite1h = PriceCacheWrite1h,
            Image = PriceImage,
            AudioMinute = PriceAudioMinute,
            Characters = PriceCharacters,
        }.ToTariff() with { Factors = new PriceFactors(GroupBp, SurgeBp, FireSaleBp) };

    public RequestSummary ToSummary() => new()
    {
        RequestId = RequestId.FromGuid(Rid).ToString(),
        Account = AccountId,
        Key = KeyId,
        Channel = ChannelId,
        Model = Model,
        Dialect = (Dialect)Dialect,
        Outcome = (Outcome)Outcome,
        IsStream = IsStream,
        IsCounted = IsCounted,
        Status = Status,
        StartedAt = StartedAt,
        FirstTokenMs = FirstTokenMs < 0 ? null : FirstTokenMs,
        DurationMs = DurationMs,
        AttemptCount = AttemptCount ?? 0,
        Notes = (UsageNotes)Notes,
        Hold = new Usd(HoldUnits),
        Cost = new Usd(CostUnits),
        Usage = Usage,
    };

    public RequestDetail ToDetail(
        IReadOnlyList<RequestAttempt> attempts, IReadOnlyList<Correction> corrections)
    {
        var outcome = (Outcome)Outcome;
        var tariff = Tariff;
        var classes = tariff is { } known ? ChargeFormula.Classes(known, Usage) : [];
        var cost = new Usd(CostUnits);
        var list = ListPriceColumn.Read(PriceList);
        return new RequestDetail
        {
            RequestId = RequestId.FromGuid(Rid).ToString(),
            Account = AccountId,
            Key = KeyId,
            Channel = ChannelId,
            Model = Model,
            Dialect = (Dialect)Dialect,
            Outcome = outcome,
            IsStream = IsStream,
            IsCounted = IsCounted,
            Status = Status,
            StartedAt = StartedAt,
            FirstTokenMs = FirstTokenMs < 0 ? null : FirstTokenMs,
            DurationMs = DurationMs,
            Hold = new Usd(HoldUnits),
            Cost = cost,
            Usage = Usage,
            UpstreamId = UpstreamId,
            OwnerAccount = OwnerAccountId,
            OwnerShareBp = OwnerShareBp,
            OwnerPart = new Usd(OwnerUnits),
            PlatformPart = new Usd(CostUnits - OwnerUnits),
            Stages = [.. Stages(outcome), .. corrections.Select(StageOf)],
            Corrections = corrections,
            Attempts = attempts,
            AttemptCount = attempts.Count,
            Notes = (UsageNotes)Notes,
            AbortPolicy = (AbortPolicy)AbortPolicy,
            Classes = classes,
            Tariff = tariff,
            ListPrice = list,
            ListCost = outcome.IsCharged() && list is not null ? TariffMath.Cost(list.ToTariff(), Usage) : null,
            Factors = new PriceFactors(GroupBp, SurgeBp, FireSaleBp),
            Route = RouteColumn.Read(Route),
            Formula = ChargeFormula.Text(classes, tariff?.Factors ?? default, cost, outcome),
        };
    }

    private static RequestStage StageOf(Correction correction) =>
        new("correction", correction.Amount, correction.CreatedAt);

    private RequestStage[] Stages(Outcome outcome)
    {
        var hold = new RequestStage("hold", new Usd(HoldUnits), StartedAt);
        var ended = (DateTimeOffset)StartedAt.AddMilliseconds(DurationMs);
        return outcome.IsCharged()
            ? [hold, new RequestStage("settle", new Usd(CostUnits), ended)]
            : [hold, new RequestStage("refund", new Usd(HoldUnits), ended)];
    }
}
