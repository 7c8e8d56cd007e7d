using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Settings;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Prices;

/// <summary>Prices: set by admins; members see the global ones and those of their own channels.</summary>
internal static class PriceEndpoints
{
    private const string Tag = "prices";

    public static void MapPrices(this RouteGroupBuilder api)
    {
        api.MapPut("/prices", PutAsync)
            .Documented("putPrice", Tag, "Set the price of a model or pattern; the one before is retired.", 400);
        api.MapPut("/prices/of-list", PutShareAsync)
            .Documented(
                "putShareOfList", Tag, "Set the price of a model or pattern as a share of its list price.", 400);
        api.MapGet("/prices", ListAsync)
            .Documented("listPrices", Tag, "List prices, newest first.", 400)
            .Paged()
            .WithQuery("retired", "true lists retired versions as well.");
        api.MapDelete("/prices/{id}", DeleteAsync).Documented("deletePrice", Tag, "Retire a price.", 404);
        api.MapGet("/prices/resolve", ResolveAsync)
            .Documented("resolvePrice", Tag, "Which price a model has, and why.", 400, 404)
            .WithQuery("model", "The model's name.")
            .WithQuery("channel_id", "The channel that serves it; left out, only global prices count.");
    }

    private static async Task<Ok<PriceView>> PutAsync(
        JsonBody<PutPrice> body, Caller caller, PriceChange change, CancellationToken cancellation) =>
        TypedResults.Ok((await change.PutAsync(body.Value, caller, cancellation)).ToView(showsUpstream: true));

    private static async Task<Ok<PriceView>> PutShareAsync(
        JsonBody<PutShareOfList> body, Caller caller, PriceChange change, CancellationToken cancellation)
    {
        PriceRules.CheckShare(body.Value.ShareBp);
        return TypedResults.Ok(
            (await change.PutAsync(body.Value.ToPrice(), caller, cancellation)).ToView(showsUpstream: true));
    }

    private static async Task<Ok<Page<PriceView>>> ListAsync(
        PageRequest page, Caller caller, HttpContext context, PriceQueries prices, CancellationToken cancellation)
    {
        var retired = new QueryReader(context.Request.Query).OneOf("retired", "true", "false");
        var rows = await prices.ListAsync(page, caller.OnlyUser, retired == "true", cancellation);
        var views = rows.Select(row => row.ToView(caller.OnlyUser is null));
        return TypedResults.Ok(page.Cut([.. views], view => view.Id[WireId.Price.Length..]));
    }

    private static async Task<NoContent> DeleteAsync(
        string id, Caller caller, PriceChange change, CancellationToken cancellation)
    {
        if (!WireId.TryParse(WireId.Price, id, out var number))
        {
            throw RefusedException.NotFound("price");
        }

        await change.RetireAsync(number, caller, cancellation);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ResolvedPrice>> ResolveAsync(
        HttpContext context,
        Caller caller,
        PriceQueries prices,
        ChannelQueries channels,
        SettingQueries settings,
        CancellationToken cancellation)
    {
        var model = context.Request.Query["model"].ToString();
        if (!ModelNames.IsName(model))
        {
            throw RefusedException.Field("model", "bad_model", "must be a model name");
        }

        var channelId = new QueryReader(context.Request.Query).Id("channel_id", WireId.Channel);
        if (channelId is { } asked && await channels.FindAsync(asked, caller.OnlyUser, cancellation) is null)
        {
            throw RefusedException.NotFound("channel");
        }

        var rows = await prices.ListRelevantAsync(channelId, cancellation);
        var fallback = await settings.FallbackPriceAsync(cancellation);
        var (price, step) = PriceResolution.Resolve(
            [.. rows.Select(row => row.ToEntry())], fallback, channelId ?? 0, model);
        var found = price is null ? null : await prices.FindAsync(price.Id, cancellation);
        return TypedResults.Ok(new ResolvedPrice
        {
            Model = model,
            ChannelId = channelId is { } id ? WireId.Format(WireId.Channel, id) : null,
            Step = NameOf(step),
            Price = found?.ToView(caller.OnlyUser is null),
        });
    }

    private static string NameOf(PriceStep step) => step switch
    {
        PriceStep.ChannelPattern => "channel_pattern",
        PriceStep.ChannelDefault => "channel_default",
        PriceStep.GlobalPattern => "global_pattern",
        PriceStep.GlobalDefault => "global_default",
        PriceStep.RuntimeFallback => "runtime_fallback",
        _ => "none",
    };
}
