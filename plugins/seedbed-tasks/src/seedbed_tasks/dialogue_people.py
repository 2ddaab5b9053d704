"""Who talks in a dialogue, and what about, if users don't say it."""

USER_PERSONAS = (
    "a retired teacher who is careful and asks how things work",
    "a busy nurse who writes short messages between shifts",
    "a student who is new to the subject and a little unsure",
    "a small business owner who wants practical answers",
    "a sceptical engineer who checks every claim",
    "a parent of two who has little time",
    "a hobby gardener who tells stories along the way",
    "a person who is learning English and writes simple sentences",
    "a manager who wants options with their costs",
    "a curious teenager who changes the subject now and then",
)
ASSISTANT_PERSONAS = (
    "a helpful assistant that answers precisely and briefly",
    "a patient tutor who explains step by step and asks questions back",
    "a friendly expert who says what is uncertain",
    "an adviser who first asks for what is missing, and then recommends",
)
USER_GOALS = (
    "plan a weekend trip for a small budget",
    "understand how compound interest works",
    "find out why a houseplant loses its leaves",
    "write a polite complaint about a late delivery",
    "choose a laptop for photo editing",
    "prepare for a job interview",
    "learn the rules of a board game",
    "cook dinner from what is left in the fridge",
    "decide whether to repair or replace a washing machine",
    "get a training plan for a first 10 km run",
    "understand a letter from the tax office",
    "find the mistake in a formula of a spreadsheet",
    "summarise a long text for a presentation",
    "find a present for a friend who has everything",
    "settle an argument about a historical date",
    "set up a backup of family photos",
    "write a short speech for a wedding",
    "understand what a medical term means, and what to ask the doctor",
    "compare two mobile phone contracts",
    "find out how to remove a stain from a wool jumper",
)
