using System.Text.Json;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Draining;
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
        Protocol = NameOf(request.Dialect),
        Outcome = NameOf(request.Outcome),
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
            Stages = [.. request.Stages.Select(s => new StageView(s.Name, s.Amount, s.At.UtcDateTime))],
            Attempts = [.. request.Attempts.Select(ToView)],
            Classes = [.. request.Classes.Select(c => new ChargedClassView(c.Name, c.Tokens, c.PricePerMillion))],
            Price = request.Tariff is { } tariff ? PriceOf(tariff) : null,
            Formula = request.Formula,
            OwnerUserId = showsOwner && request.OwnerAccount is not 0 and var owner
                ? WireId.Format(WireId.User, owner)
                : null,
            OwnerShareBp = request.OwnerShareBp,
            OwnerPart = request.OwnerPart,
            PlatformPart = request.PlatformPart,
        };
    }

    private static AttemptView ToView(AttemptRow attempt) =>
        new(ChannelName(attempt.Channel), attempt.Status, NameOf(attempt.Fault), attempt.ElapsedMs);

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
    };

    private static AppliedPriceView PriceOf(Tariff tariff) => new()
    {
        Id = WireId.Format(WireId.Price, tariff.PriceVersion),
        Input = PricePerMillion.Of(tariff.Input),
        Output = PricePerMillion.Of(tariff.Output),
        CacheRead = PricePerMillion.Of(tariff.CacheRead),
        CacheWrite5m = PricePerMillion.Of(tariff.CacheWrite5m),
        CacheWrite1h = PricePerMillion.Of(tariff.CacheWrite1h),
    };

    private static string? ChannelName(long id) => id == 0 ? null : WireId.Format(WireId.Channel, id);

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
