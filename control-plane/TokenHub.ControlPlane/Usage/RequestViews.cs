using TokenHub.ControlPlane.Prices;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Corrections;
using TokenHub.Ledger.Requests;

namespace TokenHub.ControlPlane.Usage;

/// <summary>From the ledger's requests to the API's.</summary>
internal static class RequestViews
{
    public static RequestView ToView(this RequestSummary request) => new()
    {
        Id = request.RequestId,
        UserId = WireId.Format(WireId.User, request.Account),
        KeyId = WireId.Format(WireId.Key, request.Key),
        ChannelId = ChannelName(request.Channel),
        Model = request.Model,
        Protocol = EnumWords.Of(request.Dialect),
        Outcome = EnumWords.Of(request.Outcome),
        IsCharged = request.Outcome.IsCharged(),
        IsStream = request.IsStream,
        IsCounted = request.IsCounted,
        Status = request.Status,
        StartedAt = request.StartedAt.UtcDateTime,
        FirstTokenMs = request.FirstTokenMs,
        DurationMs = request.DurationMs,
        AttemptCount = request.AttemptCount,
        Hold = request.Hold,
        Cost = request.Cost,
        Usage = UsageOf(request.Usage),
    };

    /// <param name="showsOwner">False for those who may not know whose channel served them.</param>
    public static RequestDetailView ToDetailView(this RequestDetail request, bool showsOwner)
    {
        var view = request.ToView();
        return new RequestDetailView
        {
            Id = view.Id,
            UserId = view.UserId,
            KeyId = view.KeyId,
            ChannelId = view.ChannelId,
            Model = view.Model,
            Protocol = view.Protocol,
            Outcome = view.Outcome,
            IsCharged = view.IsCharged,
            IsStream = view.IsStream,
            IsCounted = view.IsCounted,
            Status = view.Status,
            StartedAt = view.StartedAt,
            FirstTokenMs = view.FirstTokenMs,
            DurationMs = view.DurationMs,
            AttemptCount = view.AttemptCount,
            Hold = view.Hold,
            Cost = view.Cost,
            Usage = view.Usage,
            UpstreamId = request.UpstreamId,
            UsageSource = SourceOf(request.IsCounted),
            AbortPolicy = EnumWords.Of(request.AbortPolicy),
            Notes = NotesOf(request.Notes),
            Stages = [.. request.Stages.Select(s => new StageView(s.Name, s.Amount, s.At.UtcDateTime))],
            Attempts = [.. request.Attempts.Select(attempt => ToView(attempt, showsOwner))],
            Classes = [.. request.Classes.Select(ClassOf)],
            Factors = new FactorsView
            {
                Group = ChargeFormula.FactorText(request.Factors.GroupBp),
                Surge = ChargeFormula.FactorText(request.Factors.SurgeBp),
                FireSale = ChargeFormula.FactorText(request.Factors.FireSaleBp),
            },
            Route = request.Route is { } route ? RouteOf(route) : null,
            Price = request.Tariff is { } tariff ? PriceOf(tariff, request.ListPrice) : null,
            ListCost = request.ListCost,
            Saving = request.ListCost - request.Cost,
            Formula = request.Formula,
            Corrections = [.. request.Corrections.Select(correction => correction.ToView(showsOwner))],
            Refunded = request.Refunded,
            NetCost = request.Cost - request.Refunded,
            OwnerUserId = showsOwner && request.OwnerAccount is not 0 and var owner
                ? WireId.Format(WireId.User, owner)
                : null,
            OwnerShareBp = request.OwnerShareBp,
            OwnerPart = request.OwnerPart,
            PlatformPart = request.PlatformPart,
        };
    }

    /// <param name="showsAuthor">False for those who may not know who acts for the operator.</param>
    public static CorrectionView ToView(this Correction correction, bool showsAuthor) => new()
    {
        RequestId = correction.RequestId.ToString(),
        Seq = correction.Seq,
        Amount = correction.Amount,
        OwnerPart = correction.OwnerPart,
        PlatformPart = correction.PlatformPart,
        Reason = correction.Reason,
        CreatedBy = showsAuthor && correction.CreatedBy is { } by ? WireId.Format(WireId.User, by) : null,
        CreatedAt = correction.CreatedAt.UtcDateTime,
    };

    // What the platform itself pays is nobody's business but the operator's.
    private static AttemptView ToView(RequestAttempt attempt, bool showsCost) => new()
    {
        No = attempt.No,
        ChannelId = ChannelName(attempt.Channel),
        Status = attempt.Status,
        Fault = EnumWords.Of(attempt.Fault),
        Outcome = EnumWords.Of(attempt.Outcome),
        ElapsedMs = attempt.ElapsedMs,
        FirstTokenMs = attempt.FirstTokenMs,
        UsageSource = SourceOf(attempt.IsCounted),
        Usage = UsageOf(attempt.Usage),
        PriceId = attempt.PriceVersion == 0 ? null : WireId.Format(WireId.Price, attempt.PriceVersion),
        UpstreamCost = showsCost ? attempt.Cost : null,
        Charge = attempt.Charge,
    };

    private static string SourceOf(bool isCounted) => isCounted ? "counted" : "reported";

    private static IReadOnlyList<string> NotesOf(UsageNotes notes) =>
    [
        .. Enum.GetValues<UsageNotes>()
            .Where(note => note != UsageNotes.None && notes.HasFlag(note))
            .Select(EnumWords.Of),
    ];

    private static UsageView UsageOf(TokenUsage usage) => new()
    {
        Input = usage.Input,
        CacheRead = usage.CacheRead,
        CacheWrite5m = usage.CacheWrite5m,
        CacheWrite1h = usage.CacheWrite1h,
        CacheWriteOther = usage.CacheWriteOther,
        Output = usage.Output,
        Reasoning = usage.Reasoning,
        ToolUsePrompt = usage.ToolUsePrompt,
        Images = usage.Media.Images,
        AudioMs = usage.Media.AudioMs,
        Characters = usage.Media.Characters,
    };

    private static ChargedClassView ClassOf(UsageClass part) => new()
    {
        Name = part.Name,
        Quantity = part.Quantity,
        Price = part.Price,
        Per = part.Per,
        Tokens = part.IsTokens ? part.Quantity : null,
        PricePerMillion = part.IsTokens ? part.Price : null,
    };

    private static RouteView RouteOf(RouteTrace route) => new()
    {
        Policy = EnumWords.Of(route.Policy),
        Reason = EnumWords.Of(route.Reason),
        Serving = route.Serving,
        OutOfScope = route.OutOfScope,
        OtherCall = route.OtherCall,
        Cooling = route.Cooling,
        Exhausted = route.Exhausted,
        Full = route.Full,
    };

    private static AppliedPriceView PriceOf(Tariff tariff, PriceEntry? list) => new()
    {
        Id = WireId.Format(WireId.Price, tariff.PriceVersion),
        Input = PricePerMillion.Of(tariff.Input),
        Output = PricePerMillion.Of(tariff.Output),
        CacheRead = PricePerMillion.Of(tariff.CacheRead),
        CacheWrite5m = PricePerMillion.Of(tariff.CacheWrite5m),
        CacheWrite1h = PricePerMillion.Of(tariff.CacheWrite1h),
        Image = PricePerMillion.Of(tariff.Image),
        AudioMinute = PricePerMillion.Of(tariff.AudioMinute),
        Characters = PricePerMillion.Of(tariff.Characters),
        List = Rates.Of(list),
    };

    private static string? ChannelName(long id) => id == 0 ? null : WireId.Format(WireId.Channel, id);
}
