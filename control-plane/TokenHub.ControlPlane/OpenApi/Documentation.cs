using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.OpenApi;

/// <summary>What every endpoint says about itself in the OpenAPI document.</summary>
internal static class Documentation
{
    // Every call behind a session may be refused for want of one, by role, or because a server is away.
    private static readonly int[] Always = [401, 403, 503];

    /// <param name="name">The operation's id; clients name their functions after it.</param>
    /// <param name="problems">Statuses with a problem body, besides those that every call may have.</param>
    public static RouteHandlerBuilder Documented(
        this RouteHandlerBuilder route, string name, string tag, string summary, params int[] problems)
    {
        route.WithName(name).WithTags(tag).WithSummary(summary);
        foreach (var status in problems.Union(Always).Order())
        {
            route.Produces<Problem>(status, Problem.ContentType);
        }

        return route;
    }

    /// <summary>Names a query parameter that the handler reads by itself.</summary>
    public static RouteHandlerBuilder WithQuery(this RouteHandlerBuilder route, string name, string meaning) =>
        route.WithMetadata(new QueryParameter(name, meaning));

    public static RouteHandlerBuilder Paged(this RouteHandlerBuilder route) => route
        .WithQuery("limit", "Rows on a page, 1 to 200; 50 when left out.")
        .WithQuery("cursor", "The next_cursor of the page before.");

    /// <summary>Names a header that the handler reads by itself.</summary>
    public static RouteHandlerBuilder WithHeader(this RouteHandlerBuilder route, string name, string meaning) =>
        route.WithMetadata(new HeaderParameter(name, meaning));

    public static RouteHandlerBuilder ProducesEventStream(this RouteHandlerBuilder route) =>
        route.Produces<string>(StatusCodes.Status200OK, "text/event-stream");
}

internal sealed record QueryParameter(string Name, string Meaning);

internal sealed record HeaderParameter(string Name, string Meaning);
