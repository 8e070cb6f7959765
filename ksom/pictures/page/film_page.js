// The page of a film alone: its keys work wherever the focus is.

document.getElementById("title").textContent = DATA.title;
const filmOfPage = filmPlayer(document.getElementById("film"), DATA.film, { plays: true });
document.addEventListener("keydown", filmOfPage.onKey);
